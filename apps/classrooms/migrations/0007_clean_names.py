"""Remove invisible characters from names of classrooms that earlier releases stored."""

from typing import Any

from django.db import migrations

from apps.common.alphabet import sort_key
from apps.common.stored_texts import clean_name_or_keep, clean_stored
from apps.common.text import casefold


def clean(apps_then: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    classrooms = apps_then.get_model("classrooms", "Classroom").objects.using(alias)

    def update_keys(pk: int) -> None:
        name = classrooms.values_list("name", flat=True).get(pk=pk)
        classrooms.filter(pk=pk).update(search_text=casefold(name), sort_key=sort_key(name))

    clean_stored(classrooms, {"name": clean_name_or_keep}, update_keys)


class Migration(migrations.Migration):
    atomic = False  # a transaction per batch
    dependencies = [("classrooms", "0006_code_can_be_closed")]
    operations = [migrations.RunPython(clean, migrations.RunPython.noop)]
