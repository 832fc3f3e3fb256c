"""Add the availability of tutors."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.accounts.models.user
import apps.booking.models.availability
import apps.common.zones


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0012_push_and_telegram"),
    ]

    operations = [
        migrations.CreateModel(
            name="Availability",
            fields=[
                (
                    "tutor",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="availability",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "timezone",
                    apps.accounts.models.user.TimeZoneField(
                        default="Europe/Kyiv",
                        max_length=64,
                        validators=[apps.common.zones.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "lesson_minutes",
                    models.JSONField(
                        default=apps.booking.models.availability.default_lesson_minutes,
                        verbose_name="lengths of lessons",
                    ),
                ),
                (
                    "buffer_minutes",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="break between lessons"
                    ),
                ),
                (
                    "minimum_notice_minutes",
                    models.PositiveIntegerField(default=120, verbose_name="notice"),
                ),
                (
                    "booking_window_days",
                    models.PositiveSmallIntegerField(default=30, verbose_name="days ahead"),
                ),
                (
                    "requires_confirmation",
                    models.BooleanField(default=False, verbose_name="confirm each lesson"),
                ),
            ],
            options={
                "verbose_name": "availability",
                "verbose_name_plural": "availability",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("buffer_minutes__lte", 720)),
                        name="availability_buffer_bounded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minimum_notice_minutes__lte", 86400)),
                        name="availability_notice_bounded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("booking_window_days__gte", 1), ("booking_window_days__lte", 366)
                        ),
                        name="availability_window_bounded",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AvailabilityWindow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("weekday", models.PositiveSmallIntegerField(null=True, verbose_name="weekday")),
                ("date", models.DateField(null=True, verbose_name="date")),
                ("starts_minute", models.PositiveSmallIntegerField(null=True, verbose_name="from")),
                ("ends_minute", models.PositiveSmallIntegerField(null=True, verbose_name="to")),
                (
                    "availability",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="windows",
                        to="booking.availability",
                    ),
                ),
            ],
            options={
                "verbose_name": "window of availability",
                "verbose_name_plural": "windows of availability",
                "ordering": ("weekday", "date", "starts_minute"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("date", None),
                                ("weekday__gte", 0),
                                ("weekday__isnull", False),
                                ("weekday__lte", 6),
                            ),
                            models.Q(("date__isnull", False), ("weekday", None)),
                            _connector="OR",
                        ),
                        name="availability_window_of_weekday_or_date",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ends_minute__isnull", False),
                                ("ends_minute__lte", 1440),
                                ("starts_minute__isnull", False),
                                ("starts_minute__lt", models.F("ends_minute")),
                            ),
                            models.Q(
                                ("date__isnull", False),
                                ("ends_minute", None),
                                ("starts_minute", None),
                            ),
                            _connector="OR",
                        ),
                        name="availability_window_within_day",
                    ),
                    models.UniqueConstraint(
                        fields=("availability", "weekday", "starts_minute"),
                        name="availability_window_once_a_weekday",
                    ),
                    models.UniqueConstraint(
                        fields=("availability", "date", "starts_minute"),
                        name="availability_window_once_a_date",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("starts_minute", None)),
                        fields=("availability", "date"),
                        name="availability_closed_once_a_date",
                    ),
                ],
            },
        ),
    ]
