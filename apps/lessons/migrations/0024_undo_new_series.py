"""A new series is a change that can be undone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lessons", "0023_requested")]

    operations = [
        migrations.AlterField(
            model_name="lessonchange",
            name="kind",
            field=models.CharField(
                choices=[
                    ("scheduled", "series scheduled"),
                    ("moved", "moved"),
                    ("cancelled", "cancelled"),
                    ("students", "students changed"),
                    ("restarted", "started again by a new rule"),
                ],
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="lessonchange", name="lesson_change_kind_known"),
        migrations.AddConstraint(
            model_name="lessonchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    kind__in=["scheduled", "moved", "cancelled", "students", "restarted"]
                ),
                name="lesson_change_kind_known",
            ),
        ),
    ]
