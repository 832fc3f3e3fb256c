"""Add the time zone rules by which upcoming lessons were planned."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lessons", "0005_ended_at")]
    operations = [
        migrations.CreateModel(
            name="ZoneRules",
            fields=[
                ("zone", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "offsets",
                    models.JSONField(
                        help_text="Unix times and the offset from UTC, in seconds, since."
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
            ],
            options={"verbose_name_plural": "zone rules"},
        ),
    ]
