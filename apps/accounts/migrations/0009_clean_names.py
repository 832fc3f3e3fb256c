"""Remove invisible characters from names that earlier releases stored."""

from typing import Any

from django.db import migrations

from apps.accounts.models.user import search_keys
from apps.common.stored_texts import clean_name_or_keep, clean_stored


def clean(apps_then: Any, schema_editor: Any) -> None:
    people = apps_then.get_model("accounts", "User").objects.using(schema_editor.connection.alias)

    def update_keys(pk: int) -> None:
        search_text, sort_key = search_keys(people.get(pk=pk))
        people.filter(pk=pk).update(search_text=search_text, sort_key=sort_key)

    names = {"first_name": clean_name_or_keep, "last_name": clean_name_or_keep}
    clean_stored(people, names, update_keys)


class Migration(migrations.Migration):
    atomic = False  # a transaction per batch
    dependencies = [("accounts", "0008_contact_email_index")]
    operations = [migrations.RunPython(clean, migrations.RunPython.noop)]
