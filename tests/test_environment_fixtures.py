"""The fixtures clean up after themselves."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection

from tests.environment import close_connections_of_threads


def is_any_open(pids):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [pids])
        return cursor.fetchone() != (0,)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_connections_of_idle_threads_are_closed():
    """A database in use cannot be dropped, and servers keep the connections of their threads."""
    together = Barrier(3)

    def connect(_number):
        together.wait(20)
        connection.ensure_connection()
        return connection.connection.info.backend_pid

    with ThreadPoolExecutor(3) as pool:
        pids = list(pool.map(connect, range(3)))
        assert is_any_open(pids)
        close_connections_of_threads()
        deadline = time.monotonic() + 20
        while is_any_open(pids):
            assert time.monotonic() < deadline


def test_every_module_of_browser_tests_is_marked():
    """The other stages of `make test` do not collect the folder."""
    files = sorted((Path(__file__).parent / "browser").glob("test_*.py"))
    assert files
    assert [file.name for file in files if "pytest.mark.browser" not in file.read_text()] == []
