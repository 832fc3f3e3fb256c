"""Refuse held slots of one tutor that overlap (see apps/booking/hold_overlap.py)."""

from django.db import migrations

from apps.booking import hold_overlap


class Migration(migrations.Migration):
    dependencies = [("booking", "0004_held_slots")]

    operations = [migrations.RunPython(hold_overlap.install, hold_overlap.uninstall)]
