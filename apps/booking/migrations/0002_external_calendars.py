"""Add external calendars and their busy times."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0001_availability"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExternalCalendar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("url", models.CharField(blank=True, max_length=2000, verbose_name="address")),
                ("content", models.BinaryField(default=b"", help_text="The file, compressed.")),
                ("etag", models.CharField(blank=True, editable=False, max_length=500)),
                ("last_modified", models.CharField(blank=True, editable=False, max_length=100)),
                (
                    "refreshed_at",
                    models.DateTimeField(
                        help_text="When its server last gave it out.",
                        null=True,
                        verbose_name="refreshed",
                    ),
                ),
                ("next_check_at", models.DateTimeField(editable=False, null=True)),
                (
                    "expanded_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When the busy times were computed; null: again, soon.",
                        null=True,
                    ),
                ),
                ("events", models.PositiveIntegerField(default=0, verbose_name="events")),
                (
                    "error",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("forbidden", "The address is not on the public internet."),
                            ("unreachable", "The server cannot be reached."),
                            ("refused", "The server does not give out the calendar."),
                            ("too_large", "The calendar is too large."),
                            ("not_calendar", "This is not a calendar in the iCalendar format."),
                            ("too_complex", "The calendar has too many or too complicated events."),
                            ("partly_unread", "Some events could not be read."),
                        ],
                        max_length=20,
                        verbose_name="error",
                    ),
                ),
                ("failures", models.PositiveIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "tutor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="external_calendars",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "external calendar",
                "verbose_name_plural": "external calendars",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="BusyTime",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "calendar",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="busy_times",
                        to="booking.externalcalendar",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="externalcalendar",
            index=models.Index(
                condition=models.Q(("url", ""), _negated=True),
                fields=["next_check_at"],
                name="external_calendar_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="externalcalendar",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "error__in",
                        [
                            "",
                            "forbidden",
                            "unreachable",
                            "refused",
                            "too_large",
                            "not_calendar",
                            "too_complex",
                            "partly_unread",
                        ],
                    )
                ),
                name="external_calendar_error_known",
            ),
        ),
        migrations.AddIndex(
            model_name="busytime",
            index=models.Index(fields=["calendar", "ends_at"], name="busy_time_ends"),
        ),
        migrations.AddConstraint(
            model_name="busytime",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="busy_time_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="busytime",
            constraint=models.UniqueConstraint(
                fields=("calendar", "starts_at"), name="busy_time_once"
            ),
        ),
    ]
