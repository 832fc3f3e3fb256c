"""Add the time at which a lesson was ended, after which its time is free."""

from django.db import migrations, models

from apps.lessons import overlap


class Migration(migrations.Migration):
    dependencies = [("lessons", "0004_portable_length")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, overlap.PLANNED_END.install),
        migrations.AddField(
            model_name="lesson",
            name="ended_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When its tutor ended it; from then on its time is free.",
                null=True,
                verbose_name="ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="lesson",
            constraint=models.CheckConstraint(
                name="lesson_ended_only_if_completed",
                condition=models.Q(ended_at=None) | models.Q(status="completed"),
                violation_error_message="Only a completed lesson has ended.",
            ),
        ),
        migrations.RunPython(overlap.ACTUAL_END.install, overlap.uninstall),
    ]
