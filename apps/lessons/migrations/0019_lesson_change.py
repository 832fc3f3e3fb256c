"""Add changes of lessons that can be undone."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lessons", "0018_occurrences"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LessonChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("moved", "moved"),
                            ("cancelled", "cancelled"),
                            ("students", "students changed"),
                            ("restarted", "started again by a new rule"),
                        ],
                        max_length=10,
                    ),
                ),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "tutor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lesson_changes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "change of lessons",
                "verbose_name_plural": "changes of lessons",
                "ordering": ("-id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            kind__in=["moved", "cancelled", "students", "restarted"]
                        ),
                        name="lesson_change_kind_known",
                    )
                ],
            },
        ),
    ]
