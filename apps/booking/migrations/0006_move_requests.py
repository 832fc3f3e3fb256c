"""Add requests for another time of a lesson."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0005_hold_overlap"),
        ("lessons", "0023_requested"),
    ]

    operations = [
        migrations.CreateModel(
            name="MoveRequest",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="move_request",
                        serialize=False,
                        to="lessons.lesson",
                    ),
                ),
                (
                    "lesson",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="requested_move",
                        to="lessons.lesson",
                    ),
                ),
            ],
            options={
                "verbose_name": "request for another time",
                "verbose_name_plural": "requests for another time",
            },
        ),
    ]
