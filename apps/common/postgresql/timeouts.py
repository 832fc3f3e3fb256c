"""Timeouts of this process's connection to PostgreSQL."""

from django.db import connection


def lift_timeouts() -> None:
    """Let statements run as long as they need: requests' timeouts are too short for migrations."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SET lock_timeout = '60s'")
        connection.connection.answer_timeout = None
