"""Add the hours at which students can have lessons."""

import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0002_external_calendars"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StudentHours",
            fields=[
                (
                    "student",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="lesson_hours",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "day_from",
                    models.TimeField(default=datetime.time(7, 0), verbose_name="not before"),
                ),
                (
                    "day_to",
                    models.TimeField(default=datetime.time(22, 0), verbose_name="not after"),
                ),
                ("school_from", models.TimeField(null=True, verbose_name="school from")),
                ("school_to", models.TimeField(null=True, verbose_name="school until")),
            ],
            options={
                "verbose_name": "hours of a student",
                "verbose_name_plural": "hours of students",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("day_from__lt", models.F("day_to"))),
                        name="student_hours_day_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("school_from", None), ("school_to", None)),
                            models.Q(
                                ("school_from__isnull", False),
                                ("school_from__lt", models.F("school_to")),
                                ("school_to__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="student_hours_school_both_or_none",
                    ),
                ],
            },
        ),
    ]
