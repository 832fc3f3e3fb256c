"""Name the tables for the admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("common", "0003_daily_limit"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="dailylimit",
            options={"verbose_name": "daily limit", "verbose_name_plural": "daily limits"},
        ),
        migrations.AlterModelOptions(
            name="outgoingmail",
            options={"verbose_name": "queued message", "verbose_name_plural": "queued messages"},
        ),
        migrations.AlterModelOptions(
            name="periodicjob",
            options={"verbose_name": "background task", "verbose_name_plural": "background tasks"},
        ),
    ]
