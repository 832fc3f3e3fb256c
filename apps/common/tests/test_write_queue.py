import gc
import sqlite3
import threading
import time

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.db.utils import ConnectionHandler

from apps.common.models import PeriodicJob
from apps.common.sqlite3.base import _queues
from apps.common.write_queue import WriteQueue, urgent_writes
from tests.builders import HOUR, NOON

pytestmark = pytest.mark.sqlite


def start_threads(*calls):
    """Start each call in a thread, after the previous one waits or has ended."""
    threads = []
    for call in calls:
        threads.append(threading.Thread(target=call))
        threads[-1].start()
        threads[-1].join(0.05)
    return threads


def test_lock_goes_to_waiters_in_order_and_urgent_ones_first():
    queue, order = WriteQueue(), []

    def acquire(name):
        assert queue.acquire(10)
        order.append(name)
        queue.release()

    def acquire_urgently():
        with urgent_writes():
            acquire("log")

    assert queue.acquire(10)
    threads = start_threads(*[lambda n=n: acquire(n) for n in range(5)], acquire_urgently)
    queue.release()
    for thread in threads:
        thread.join()
    assert order == ["log", 0, 1, 2, 3, 4]


def test_timed_out_waiter_leaves_the_queue():
    queue = WriteQueue()
    assert queue.acquire(10)
    assert not queue.acquire(0.01)
    queue.release()
    assert queue.acquire(0.01)


def is_unlocked():
    return not any(queue._is_held for queue in _queues.values())


def create_job(name="a"):
    return PeriodicJob.objects.create(name=name, due_at=NOON)


@pytest.mark.django_db(transaction=True)
def test_lock_is_held_until_the_outermost_transaction_ends():
    with transaction.atomic():
        assert not is_unlocked()
        with transaction.atomic():
            create_job()
        with pytest.raises(DatabaseError), transaction.atomic():
            create_job()
        assert not is_unlocked()
        list(PeriodicJob.objects.select_for_update())
    assert is_unlocked()


@pytest.mark.django_db(transaction=True)
def test_lock_is_released_after_each_autocommit_statement():
    create_job()
    assert is_unlocked()
    PeriodicJob.objects.update(due_at=NOON + HOUR)
    assert is_unlocked()
    with pytest.raises(DatabaseError):
        PeriodicJob.objects.bulk_create([PeriodicJob(name="a", due_at=NOON)])
    assert is_unlocked()
    with pytest.raises(DatabaseError):
        connection.cursor().execute("DELETE FROM nothing")
    assert is_unlocked()


@pytest.mark.django_db(transaction=True)
def test_lock_is_released_when_transaction_fails_or_connection_closes():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        create_job(str(1 / 0))
    assert is_unlocked()
    with transaction.atomic():
        create_job()
        connection.close()
        assert is_unlocked()
    assert not PeriodicJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_lock_is_released_when_another_process_holds_the_database(monkeypatch):
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    connection.ensure_connection()
    connection.connection.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        create_job()
    assert is_unlocked()
    other.execute("ROLLBACK")
    other.close()
    create_job()


@pytest.mark.django_db(transaction=True)
def test_lock_of_a_garbage_collected_connection_is_released():
    abandoned = ConnectionHandler({"default": connection.settings_dict})["default"]
    abandoned.cursor().execute("BEGIN IMMEDIATE")
    assert not is_unlocked()
    abandoned.connection = None
    gc.collect()
    assert is_unlocked()


@pytest.mark.django_db(transaction=True)
def test_reads_do_not_wait_and_writes_fail_after_the_timeout():
    create_job()
    seen = []

    def read_and_write():
        connection.ensure_connection()
        connection.connection.lock_timeout = 0.05
        seen.append(PeriodicJob.objects.count())
        try:
            create_job("b")
        except OperationalError as exc:
            seen.append(str(exc))
        connections.close_all()

    with transaction.atomic():
        PeriodicJob.objects.update(due_at=NOON)
        thread = threading.Thread(target=read_and_write)
        thread.start()
        thread.join()
    assert seen == [1, "database is locked"]


@pytest.mark.django_db(transaction=True)
def test_sixteen_writers_all_succeed_and_urgent_writes_go_first():
    stopped = threading.Event()
    rows, waits, failures = [], [], []

    def write(number):
        try:
            while not stopped.is_set():
                with transaction.atomic():
                    rows.append(create_job(f"{number}-{len(rows)}-{time.monotonic_ns()}"))
                    time.sleep(0.005)
        except DatabaseError as exc:
            failures.append(exc)
        finally:
            connections.close_all()

    threads = start_threads(*[lambda n=n: write(n) for n in range(16)])
    for number in range(20):
        began = time.monotonic()
        with urgent_writes():
            create_job(f"urgent-{number}")
        waits.append(time.monotonic() - began)
    stopped.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert PeriodicJob.objects.count() == len(rows) + 20
    assert sorted(waits)[10] < 0.1  # each of sixteen who wait takes 5 ms and more


def test_busy_timeout_is_short_enough_for_a_request():
    assert settings.DATABASES["default"]["OPTIONS"]["timeout"] <= 5
