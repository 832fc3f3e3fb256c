"""Add public booking pages and requests for first lessons."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import apps.accounts.models.user
import apps.common.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_push_and_telegram"),
        ("booking", "0006_move_requests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BookingPage",
            fields=[
                (
                    "tutor",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="booking_page",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "slug",
                    models.CharField(
                        max_length=50,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator("^[a-z0-9]+(-[a-z0-9]+)*$")
                        ],
                        verbose_name="address",
                    ),
                ),
                (
                    "is_open",
                    models.BooleanField(
                        default=False, verbose_name="anyone can ask for a first lesson"
                    ),
                ),
                ("about", models.TextField(blank=True, max_length=1000, verbose_name="about you")),
            ],
            options={
                "verbose_name": "booking page",
                "verbose_name_plural": "booking pages",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("slug", ""), _negated=True),
                        name="booking_page_has_slug",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FirstLessonRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "first_name",
                    apps.common.models.fields.NameField(max_length=100, verbose_name="first name"),
                ),
                (
                    "last_name",
                    apps.common.models.fields.NameField(max_length=100, verbose_name="last name"),
                ),
                (
                    "email",
                    apps.common.models.fields.AddressField(max_length=254, verbose_name="e-mail"),
                ),
                (
                    "timezone",
                    apps.accounts.models.user.TimeZoneField(
                        default="Europe/Kyiv", max_length=64, verbose_name="time zone"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "tutor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="first_lesson_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "request for a first lesson",
                "verbose_name_plural": "requests for first lessons",
                "ordering": ("starts_at", "id"),
                "indexes": [models.Index(fields=["starts_at"], name="first_lesson_starts")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tutor", "email"), name="first_lesson_once_per_address"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="first_lesson_ends_after_start",
                    ),
                ],
            },
        ),
    ]
