"""Remove invisible characters from the names of people in rooms that earlier releases stored."""

from typing import Any

from django.db import migrations

from apps.common.stored_texts import clean_name_or_keep, clean_stored


def clean(apps_then: Any, schema_editor: Any) -> None:
    for model in ("Attendance", "RoomBan"):
        rows = apps_then.get_model("classroom", model).objects
        clean_stored(rows.using(schema_editor.connection.alias), {"name": clean_name_or_keep})


class Migration(migrations.Migration):
    atomic = False  # a transaction per batch
    dependencies = [("classroom", "0010_board_locked")]
    operations = [migrations.RunPython(clean, migrations.RunPython.noop)]
