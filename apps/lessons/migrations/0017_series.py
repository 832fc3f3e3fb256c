"""Add series of lessons and their students."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.accounts.models.user
import apps.common.zones


class Migration(migrations.Migration):
    dependencies = [
        ("classrooms", "0007_clean_names"),
        ("lessons", "0016_sequence_of_participants"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LessonSeries",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="title")),
                ("rrule", models.CharField(max_length=500, verbose_name="rule")),
                (
                    "timezone",
                    apps.accounts.models.user.TimeZoneField(
                        max_length=64,
                        validators=[apps.common.zones.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                ("start_date", models.DateField(verbose_name="first date")),
                ("start_time", models.TimeField(verbose_name="starts at")),
                ("duration_minutes", models.PositiveSmallIntegerField(verbose_name="minutes")),
                (
                    "day_shift",
                    models.SmallIntegerField(
                        default=0,
                        help_text="Days after each date of the rule, where no rule says that.",
                    ),
                ),
                ("skip_dates", models.JSONField(blank=True, default=list)),
                (
                    "ends_on",
                    models.DateField(
                        blank=True, help_text="Empty: open.", null=True, verbose_name="last date"
                    ),
                ),
                (
                    "covered_until",
                    models.DateField(help_text="Through this local date the lessons exist."),
                ),
                (
                    "skipped",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Starts that could not be scheduled, and why.",
                    ),
                ),
                (
                    "board_mode",
                    models.CharField(
                        choices=[
                            ("carried", "carried on from the last lesson"),
                            ("fresh", "empty in each lesson"),
                        ],
                        default="fresh",
                        max_length=10,
                        verbose_name="board",
                    ),
                ),
                (
                    "idempotency_key",
                    models.CharField(blank=True, editable=False, max_length=255, null=True),
                ),
                ("idempotency_digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "classroom",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="series",
                        to="classrooms.classroom",
                    ),
                ),
                (
                    "tutor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="series_taught",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "lesson series",
                "verbose_name_plural": "lesson series",
                "ordering": ("-id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(duration_minutes__gte=5, duration_minutes__lte=720),
                        name="series_lasts_5min_to_12h",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(board_mode__in=["carried", "fresh"]),
                        name="series_board_mode_known",
                    ),
                    models.UniqueConstraint(
                        fields=("tutor", "idempotency_key"), name="series_once_per_idempotency_key"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SeriesStudent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="lessons.lessonseries",
                    ),
                ),
                (
                    "student",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="series_memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "student of a series",
                "verbose_name_plural": "students of series",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("series", "student"), name="series_student_once"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="lessonseries",
            name="students",
            field=models.ManyToManyField(
                related_name="series_attended",
                through="lessons.SeriesStudent",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
