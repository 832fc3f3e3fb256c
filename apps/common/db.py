"""What a database says when a constraint refuses a row."""

from django.db import IntegrityError


def violates(exc: IntegrityError, name: str) -> bool:
    """Whether `exc` came from the named constraint (PostgreSQL) or trigger (SQLite)."""
    diagnostics = getattr(exc.__cause__, "diag", None)
    if diagnostics is not None:
        return bool(diagnostics.constraint_name == name)
    return name in str(exc)
