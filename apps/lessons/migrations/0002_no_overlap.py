"""Refuse overlapping lessons of one person (see apps/lessons/overlap.py)."""

from django.db import migrations

from apps.lessons import overlap


class Migration(migrations.Migration):
    dependencies = [("lessons", "0001_initial")]
    operations = [migrations.RunPython(overlap.install, overlap.uninstall)]
