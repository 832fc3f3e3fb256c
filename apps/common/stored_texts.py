"""Clean texts that were stored before texts were cleaned, for data migrations."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.common.text import clean_text

BATCH = 500
Cleaner = Callable[[str], str]


def clean_name_or_keep(name: str) -> str:
    """Clean a name that must not be empty."""
    return clean_text(name) or name


def clean_reason(reason: str) -> str:
    return clean_text(reason, multiline=True)


def clean_stored(
    rows: "QuerySet[Any]",
    columns: Mapping[str, Cleaner],
    on_cleaned: Callable[[Any], None] | None = None,
) -> None:
    """Clean columns in a transaction per batch; call `on_cleaned` with the id of each changed row.

    A row that the previous release changes meanwhile, during a rolling restart, is left alone.
    """
    last = 0
    while batch := list(rows.order_by("pk").filter(pk__gt=last).values("pk", *columns)[:BATCH]):
        with transaction.atomic(using=rows.db):
            for row in batch:
                cleaned = {name: clean(row[name]) for name, clean in columns.items()}
                if row == row | cleaned:
                    continue
                if rows.filter(**row).update(**cleaned) and on_cleaned is not None:
                    on_cleaned(row["pk"])
        last = batch[-1]["pk"]
