"""Count changes of a lesson's participants, too (see apps/lessons/sequence_trigger.py)."""

from django.db import migrations

from apps.lessons.sequence_trigger import install_participants, uninstall_participants


class Migration(migrations.Migration):
    dependencies = [("lessons", "0015_reminders")]
    operations = [migrations.RunPython(install_participants, uninstall_participants)]
