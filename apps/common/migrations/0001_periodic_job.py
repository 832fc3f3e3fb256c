"""When each periodic job is due (apps/common/worker.py)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="PeriodicJob",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField()),
                (
                    "has_failed",
                    models.BooleanField(default=False, help_text="The last run ended by an error."),
                ),
            ],
        ),
    ]
