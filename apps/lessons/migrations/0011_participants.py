"""Add the students of a lesson; 0012 to 0014 fill in those of the lessons that exist."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lessons", "0010_calendar_feed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(  # in Python only
            model_name="lesson",
            name="student",
            field=models.ForeignKey(
                db_index=False,
                help_text="One of the participants, for processes of release 0.32; nothing else "
                "reads it.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="Participant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("booked", "booked"),
                            ("cancelled", "cancelled"),
                            ("late_cancelled", "cancelled late"),
                            ("attended", "attended"),
                            ("no_show", "did not come"),
                        ],
                        db_default="booked",
                        default="booked",
                        max_length=14,
                        verbose_name="status",
                    ),
                ),
                ("starts_at", models.DateTimeField(editable=False, null=True)),
                ("occupied_until", models.DateTimeField(editable=False, null=True)),
                (
                    "occupies",
                    models.BooleanField(
                        db_default=False,
                        editable=False,
                        help_text="Whether the student's other lessons may not overlap this one.",
                    ),
                ),
                (
                    "lesson",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="participants",
                        to="lessons.lesson",
                    ),
                ),
                (
                    "student",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "participant",
                "verbose_name_plural": "participants",
                "ordering": ("student__sort_key", "student_id"),
                "indexes": [
                    models.Index(fields=["student", "starts_at"], name="participant_student_starts")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("lesson", "student"), name="participant_once_per_lesson"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            status__in=[
                                "booked",
                                "cancelled",
                                "late_cancelled",
                                "attended",
                                "no_show",
                            ]
                        ),
                        name="participant_status_known",
                    ),
                ],
            },
        ),
    ]
