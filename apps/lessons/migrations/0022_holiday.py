"""Add the holidays that a tutor keeps."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lessons", "0021_earlier_series"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Holiday",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("first_date", models.DateField(verbose_name="first day")),
                ("last_date", models.DateField(verbose_name="last day")),
                (
                    "tutor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holidays",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "holidays of a tutor",
                "verbose_name_plural": "holidays of tutors",
                "ordering": ("first_date", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(last_date__gte=models.F("first_date")),
                        name="holiday_ends_after_start",
                    ),
                    models.UniqueConstraint(
                        fields=("tutor", "first_date", "last_date", "name"), name="holiday_once"
                    ),
                ],
            },
        ),
    ]
