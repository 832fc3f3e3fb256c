"""Name the table of time zone rules for the admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("lessons", "0006_zone_rules"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="zonerules",
            options={
                "verbose_name": "time zone rules",
                "verbose_name_plural": "rules of time zones",
            },
        ),
    ]
