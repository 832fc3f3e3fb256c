"""Add notification settings and the times of reminders."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_tutor_blocks"),
    ]

    operations = [
        migrations.CreateModel(
            name="NotificationSettings",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="notification_settings",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "email",
                    models.BooleanField(default=True, help_text="Whether reminders are mailed."),
                ),
                ("quiet_from", models.TimeField(help_text="In the person's time zone.", null=True)),
                ("quiet_to", models.TimeField(null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "notification settings",
                "verbose_name_plural": "notification settings",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("quiet_from", None), ("quiet_to", None)),
                            models.Q(
                                ("quiet_from__isnull", False),
                                ("quiet_to__isnull", False),
                                models.Q(("quiet_from", models.F("quiet_to")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="notification_quiet_hours_both_or_none",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReminderTime",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(help_text="From 0; bounds their number."),
                ),
                ("minutes", models.PositiveSmallIntegerField(help_text="Before the lesson.")),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminder_times",
                        to="accounts.notificationsettings",
                    ),
                ),
            ],
            options={
                "verbose_name": "reminder time",
                "verbose_name_plural": "reminder times",
                "ordering": ("owner", "position"),
                "indexes": [models.Index(fields=["minutes"], name="reminder_time_minutes")],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "minutes"), name="reminder_time_once"),
                    models.UniqueConstraint(
                        fields=("owner", "position"), name="reminder_time_position"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("position__lt", 5)), name="reminder_times_at_most_5"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gte", 5), ("minutes__lte", 20160)),
                        name="reminder_time_5min_to_14d",
                    ),
                ],
            },
        ),
    ]
