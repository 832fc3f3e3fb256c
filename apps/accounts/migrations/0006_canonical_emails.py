"""Convert addresses to their canonical form unless it is taken; recompute search and sort keys."""

from typing import Any

from django.db import migrations

from apps.accounts.models.user import search_keys
from apps.common.text import lookup_email

BATCH = 1000


def rewrite(apps_then: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    people = apps_then.get_model("accounts", "User").objects.using(alias)
    addresses = apps_then.get_model("account", "EmailAddress").objects.using(alias)
    for person in _in_batches(people):
        canonical = lookup_email(person.email)
        if canonical != person.email and not _is_taken(canonical, people, addresses):
            addresses.filter(user_id=person.pk, email=person.email).update(email=canonical)
            person.email = canonical
        person.search_text, person.sort_key = search_keys(person)
        person.save(update_fields=["email", "search_text", "sort_key"])
    for address in _in_batches(addresses):
        canonical = lookup_email(address.email)
        if canonical != address.email and not _is_taken(canonical, people, addresses):
            addresses.filter(pk=address.pk).update(email=canonical)


def _is_taken(email: str, people: Any, addresses: Any) -> bool:
    return people.filter(email=email).exists() or addresses.filter(email=email).exists()


def _in_batches(rows: Any) -> Any:
    """Yield the rows by id, holding one batch in memory."""
    last = 0
    while batch := list(rows.order_by("pk").filter(pk__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_user_sort_key"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
