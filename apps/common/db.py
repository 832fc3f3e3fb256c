"""What a database says when a constraint refuses a row, and statements written by hand."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection
from psycopg.pq import Format


def violates(exc: IntegrityError, name: str) -> bool:
    """Whether `exc` came from the named constraint (PostgreSQL) or trigger (SQLite)."""
    diagnostics = getattr(exc.__cause__, "diag", None)
    if diagnostics is not None:
        return bool(diagnostics.constraint_name == name)
    return name in str(exc)


def select(statement: str, *values: Any) -> list[tuple[Any, ...]]:
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
