"""Simultaneous calls, each on its own database connection, and the removal of constraints.

A race has one winner and never causes a 500. Each has a control that removes the lock or the
constraint and repeats the requests until they violate the invariant: the test can fail.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from django.db import connection, connections

ROUNDS = 60  # most controls need only a few


def run_simultaneously(*calls):
    """Start all calls at once, each on its own database connection; return their results."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def statuses(answers):
    return dict(Counter(answer.status_code for answer in answers))


@contextmanager
def without_constraints(*statements, table="lessons_lesson"):
    """Drop constraints of `table`; afterwards truncate it and add them again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND conname = ANY(%s)",
            [table, list(statements)],
        )
        saved = cursor.fetchall()
        assert {name for name, _ in saved} == set(statements)
        for name, _ in saved:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            for name, definition in saved:
                cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def unique_name(table, column):
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    return next(
        name
        for name, found in constraints.items()
        if found["unique"] and found["columns"] == [column]
    )


def repeat_until(attempt):
    for _ in range(ROUNDS):
        if attempt():
            return
    pytest.fail(f"the race was not seen in {ROUNDS} rounds")
