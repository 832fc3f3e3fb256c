"""What a database says when a constraint refuses a row, and statements written by hand."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, models
from psycopg.pq import Format


def is_violation_of(exc: IntegrityError, name: str) -> bool:
    """Whether `exc` came from the named constraint (PostgreSQL) or trigger (SQLite)."""
    diagnostics = getattr(exc.__cause__, "diag", None)
    if diagnostics is not None:
        return bool(diagnostics.constraint_name == name)
    return name in str(exc)


def select_rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement that both databases understand.

    For the few hottest reads: Django needs longer to write such a query than PostgreSQL to answer
    it (docs/performance.md). SQLite gives datetimes without their zone, which is always UTC.
    """
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.cursor.format = Format.BINARY
        cursor.execute(statement, [adapt(v) if isinstance(v, datetime) else v for v in values])
        return list(cursor.fetchall())


def delete_in_batches(rows: "models.QuerySet[Any]", size: int = 500) -> int:
    """How many rows are gone. Nobody else who writes waits for longer than one batch takes."""
    gone = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:size]):
        gone += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return gone


def sqlite_shifted(moment: str, seconds: int) -> str:
    """SQL: a stored datetime so many seconds later, in the format that Django stores, in which
    text sorts as time does. The fraction is kept as it is: SQLite's own would round it."""
    return f"(datetime(substr({moment}, 1, 19), '{seconds:+d} seconds') || substr({moment}, 20))"


class ShiftedBy(models.Func):
    """A moment so many whole seconds later, in SQL that each database knows by itself.

    Django's own addition calls a Python function on SQLite, so that a constraint with it keeps
    every other program from checking, dumping and restoring the database.
    """

    arity = 1
    template = "(%(expressions)s + interval '%(seconds)s seconds')"
    output_field = models.DateTimeField()

    def __init__(self, moment: Any, by: timedelta) -> None:
        super().__init__(moment, seconds=int(by.total_seconds()))

    def as_sqlite(self, compiler: Any, connection: Any, **_unused: Any) -> tuple[str, Any]:
        moment, params = compiler.compile(self.source_expressions[0])
        return sqlite_shifted(moment, self.extra["seconds"]), (*params, *params)
