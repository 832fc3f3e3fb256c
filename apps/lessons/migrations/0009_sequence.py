"""Count the changes of each lesson that calendars show (see apps/lessons/sequence_trigger.py)."""

import django.db.models.functions.datetime
from django.db import migrations, models

from apps.lessons import overlap, sequence_trigger


class Migration(migrations.Migration):
    dependencies = [("lessons", "0008_clean_texts")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, overlap.ACTUAL_END.restore_triggers),
        migrations.AddField(
            model_name="lesson",
            name="sequence",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="How often what calendars show of it has changed.",
            ),
        ),
        migrations.AddField(
            model_name="lesson",
            name="updated_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                editable=False,
                help_text="When `sequence` changed last.",
            ),
        ),
        migrations.RunPython(overlap.ACTUAL_END.restore_triggers, migrations.RunPython.noop),
        migrations.RunPython(sequence_trigger.install, sequence_trigger.uninstall),
    ]
