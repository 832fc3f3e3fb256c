"""Replace old names of time zones by current ones: Europe/Kiev by Europe/Kyiv."""

from typing import Any

from django.db import migrations

import apps.accounts.models.user
import apps.common.zones


def rename_zones(apps_then: Any, schema_editor: Any) -> None:
    people = apps_then.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    for name in people.order_by().values_list("timezone", flat=True).distinct():
        current = apps.common.zones.canonical_zone(name)
        if current != name:
            people.filter(timezone=name).update(timezone=current)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunPython(rename_zones, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="user",
            name="timezone",
            field=apps.accounts.models.user.TimeZoneField(
                default="Europe/Kyiv",
                max_length=64,
                validators=[apps.common.zones.validate_time_zone],
                verbose_name="time zone",
            ),
        ),
    ]
