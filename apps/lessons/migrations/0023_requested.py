"""Lessons that students book, which may wait for the tutor's confirmation."""

from django.db import migrations, models

from apps.lessons import sequence_trigger
from apps.lessons.participant_triggers import without_triggers


class Migration(migrations.Migration):
    dependencies = [("lessons", "0022_holiday")]

    operations = without_triggers(
        [
            migrations.AddField(
                model_name="lesson",
                name="is_self_booked",
                field=models.BooleanField(
                    db_default=False,
                    default=False,
                    editable=False,
                    help_text="A student has booked it.",
                ),
            ),
            migrations.AlterField(
                model_name="lesson",
                name="status",
                field=models.CharField(
                    choices=[
                        ("requested", "waits for confirmation"),
                        ("scheduled", "scheduled"),
                        ("completed", "completed"),
                        ("cancelled", "cancelled"),
                    ],
                    default="scheduled",
                    max_length=10,
                    verbose_name="status",
                ),
            ),
            migrations.RemoveConstraint(model_name="lesson", name="lesson_status_known"),
            migrations.AddConstraint(
                model_name="lesson",
                constraint=models.CheckConstraint(
                    condition=models.Q(
                        status__in=["requested", "scheduled", "completed", "cancelled"]
                    ),
                    name="lesson_status_known",
                ),
            ),
            migrations.AddIndex(
                model_name="lesson",
                index=models.Index(
                    condition=models.Q(status="requested"),
                    fields=["starts_at"],
                    name="lesson_requested_starts",
                ),
            ),
            migrations.RunPython(sequence_trigger.install, migrations.RunPython.noop),
        ]
    )
