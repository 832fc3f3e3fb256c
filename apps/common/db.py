"""Database helpers: constraint errors, raw SQL, deletes in batches and time arithmetic."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import IntegrityError, connection, models
from psycopg.pq import Format


def is_violation_of(exc: IntegrityError, name: str) -> bool:
    """Return True if the named constraint (PostgreSQL) or trigger (SQLite) raised `exc`."""
    diagnostics = getattr(exc.__cause__, "diag", None)
    if diagnostics is not None:
        return bool(diagnostics.constraint_name == name)
    return name in str(exc)


def select_rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a raw SELECT that both databases understand, for the hottest reads only.

    Django takes longer to compile such a query than PostgreSQL to run it (docs/performance.md).
    On SQLite, datetimes come back naive, in UTC.
    """
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.cursor.format = Format.BINARY
        cursor.execute(statement, [adapt(v) if isinstance(v, datetime) else v for v in values])
        return list(cursor.fetchall())


def placeholders(values: Collection[Any]) -> str:
    """For an `IN (…)` of `select_rows`, which is given the values one by one."""
    return ", ".join(["%s"] * len(values))


def insert_new_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows by one statement and skip those that a unique constraint has already; JSON is
    passed as text. `bulk_create` takes ten times as long, because it asks each field of each row.
    """
    adapt = cache(connection.ops.adapt_datetimefield_value)  # most rows have the same ones
    named, values = ", ".join(columns), ", ".join(["%s"] * len(columns))
    table = model._meta.db_table
    statement = f"INSERT INTO {table} ({named}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608 (names of ours)
    adapted = [[adapt(v) if isinstance(v, datetime) else v for v in row] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, adapted)


def delete_in_batches(rows: "models.QuerySet[Any]", size: int = 500) -> int:
    """Delete the rows in batches, so that other writers wait for one batch at most; return how
    many were deleted."""
    deleted = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:size]):
        deleted += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return deleted


def sqlite_shifted(moment: str, seconds: int) -> str:
    """Return SQL that adds seconds to a stored datetime, in Django's text format, which sorts
    chronologically. The fraction is copied, because SQLite's `datetime` would round it."""
    return f"(datetime(substr({moment}, 1, 19), '{seconds:+d} seconds') || substr({moment}, 20))"


class ShiftedBy(models.Func):
    """A datetime plus whole seconds, in plain SQL of each database.

    Django's addition calls a Python function on SQLite. A constraint that uses it would keep other
    programs from checking, dumping and restoring the database.
    """

    arity = 1
    template = "(%(expressions)s + interval '%(seconds)s seconds')"
    output_field = models.DateTimeField()

    def __init__(self, moment: Any, by: timedelta) -> None:
        super().__init__(moment, seconds=int(by.total_seconds()))

    def as_sqlite(self, compiler: Any, connection: Any, **_unused: Any) -> tuple[str, Any]:
        moment, params = compiler.compile(self.source_expressions[0])
        return sqlite_shifted(moment, self.extra["seconds"]), (*params, *params)
