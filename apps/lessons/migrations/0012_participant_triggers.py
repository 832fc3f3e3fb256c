"""From now on, each new lesson's student is a participant, and participants follow their lesson."""

from django.db import migrations

from apps.lessons import participant_triggers


class Migration(migrations.Migration):
    dependencies = [("lessons", "0011_participants")]
    operations = [
        migrations.RunPython(participant_triggers.install, participant_triggers.uninstall)
    ]
