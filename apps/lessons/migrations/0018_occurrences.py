"""Lessons may be occurrences of a series."""

import django.db.models.deletion
from django.db import migrations, models

from apps.lessons import sequence_trigger
from apps.lessons.participant_triggers import without_triggers


class Migration(migrations.Migration):
    dependencies = [("lessons", "0017_series")]

    operations = without_triggers(
        [
            # Backwards the last of these operations: the trigger of 0020 reads both columns.
            migrations.RunPython(migrations.RunPython.noop, sequence_trigger.install),
            migrations.AddField(
                model_name="lesson",
                name="series",
                field=models.ForeignKey(
                    blank=True,
                    db_index=False,
                    editable=False,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="lessons",
                    to="lessons.lessonseries",
                ),
            ),
            migrations.AddField(
                model_name="lesson",
                name="original_starts_at",
                field=models.DateTimeField(
                    blank=True, editable=False, help_text="By the rule of its series.", null=True
                ),
            ),
            migrations.AddConstraint(
                model_name="lesson",
                constraint=models.CheckConstraint(
                    condition=models.Q(series=None, original_starts_at=None)
                    | models.Q(series__isnull=False, original_starts_at__isnull=False),
                    name="lesson_occurrence_of_series",
                ),
            ),
            migrations.AddConstraint(
                model_name="lesson",
                constraint=models.UniqueConstraint(
                    fields=("series", "original_starts_at"), name="lesson_once_per_occurrence"
                ),
            ),
        ]
    )
