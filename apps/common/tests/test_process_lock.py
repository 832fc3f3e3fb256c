"""The advisory lock that keeps a second process without Redis off a PostgreSQL database."""

import asyncio
import contextlib

import pytest
from django.core.management import CommandError
from django.db import connection, connections

from apps.common import process_lock
from apps.common.health import build_report
from apps.common.process_lock import TASK, AlreadyServedError, PostgresLock
from apps.common.supervisor import set_failing
from apps.web.management.commands import serve

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def make_lock(monkeypatch):
    """Returns a function that makes the lock of one more process; nobody waits for another."""
    monkeypatch.setattr(process_lock, "WAIT_SECONDS", 0.0)
    made = []

    def make(*, shared=False):
        made.append(PostgresLock(shared=shared))
        return made[-1]

    yield make
    for lock in made:
        lock.release()
    set_failing(TASK, False)


def acquire(lock):
    waits = []
    lock.acquire(on_wait=lambda: waits.append(True))
    return lock.hold(), len(waits)


def end_connection(lock):
    pid = lock._connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_second_process_without_redis_is_refused(make_lock):
    assert acquire(make_lock()) == (True, 0)
    with pytest.raises(AlreadyServedError):
        acquire(make_lock())


def test_serve_without_redis_is_refused_in_one_sentence(make_lock, monkeypatch, settings):
    monkeypatch.setattr(PostgresLock, "current", None)
    settings.REDIS_URL = ""
    acquire(make_lock())
    with pytest.raises(CommandError, match=r"^Another Kreida serves this database.*REDIS_URL"):
        serve.lock_or_refuse()


def test_processes_with_redis_share_the_lock(make_lock):
    assert acquire(make_lock(shared=True)) == (True, 0)
    assert acquire(make_lock(shared=True)) == (True, 0)


@pytest.mark.parametrize("shared", [True, False])
def test_process_without_redis_does_not_join_one_with_redis(make_lock, shared):
    acquire(make_lock(shared=shared))
    with pytest.raises(AlreadyServedError):
        acquire(make_lock(shared=not shared))


def test_new_process_waits_for_one_that_is_stopping(make_lock, monkeypatch):
    monkeypatch.setattr(process_lock, "WAIT_SECONDS", 30.0)
    stopping = make_lock()
    acquire(stopping)
    monkeypatch.setattr(process_lock.time, "sleep", lambda _seconds: stopping.release())
    assert acquire(make_lock()) == (True, 1)


def test_lost_connection_is_replaced_and_the_lock_taken_again(make_lock):
    lock = make_lock()
    acquire(lock)
    end_connection(lock)
    assert lock.hold()
    with pytest.raises(AlreadyServedError):
        acquire(make_lock())


def check_once(lock, monkeypatch):
    """Run `keep` until it would wait for its next check."""

    async def stop(_seconds):
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(process_lock.asyncio, "sleep", stop)
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(lock.keep())
    return build_report([])


def test_process_whose_lock_another_has_taken_is_not_ready_until_it_is_free(make_lock, monkeypatch):
    lock, other = make_lock(), make_lock()
    acquire(lock)
    end_connection(lock)
    acquire(other)
    assert check_once(lock, monkeypatch) == (
        503,
        {"status": "unavailable", "failing": [f"task:{TASK}"]},
    )
    other.release()
    assert check_once(lock, monkeypatch)[0] == 200
    assert lock.hold()


@contextlib.contextmanager
def unavailable_database(monkeypatch):
    """Refuse new connections, as a database that is down does."""
    wrapper = type(connections["default"])
    params = {**connection.get_connection_params(), "host": "127.0.0.1", "port": 1}
    with monkeypatch.context() as patched:
        patched.setattr(wrapper, "get_connection_params", lambda _self: params)
        yield


def test_process_that_starts_without_its_database_takes_the_lock_later(make_lock, monkeypatch):
    lock = make_lock()
    with unavailable_database(monkeypatch):
        lock.acquire(on_wait=lambda: None)
    assert check_once(lock, monkeypatch)[0] == 200
    with pytest.raises(AlreadyServedError):
        acquire(make_lock())


def test_database_outage_does_not_end_the_task_that_keeps_the_lock(make_lock, monkeypatch):
    lock = make_lock()
    acquire(lock)
    end_connection(lock)
    with unavailable_database(monkeypatch):
        assert check_once(lock, monkeypatch)[0] == 200
    assert check_once(lock, monkeypatch)[0] == 200
    with pytest.raises(AlreadyServedError):
        acquire(make_lock())
