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
from conftest import HOUR, NOON

pytestmark = pytest.mark.sqlite


def in_threads(*calls):
    """Each call in a thread of its own, started once the one before waits or has ended."""
    threads = []
    for call in calls:
        threads.append(threading.Thread(target=call))
        threads[-1].start()
        threads[-1].join(0.05)
    return threads


def test_turns_go_in_order_of_arrival_and_urgent_ones_first():
    queue, order = WriteQueue(), []

    def take(name):
        assert queue.acquire(10)
        order.append(name)
        queue.release()

    def take_urgently():
        with urgent_writes():
            take("log")

    assert queue.acquire(10)
    threads = in_threads(*[lambda n=n: take(n) for n in range(5)], take_urgently)
    queue.release()
    for thread in threads:
        thread.join()
    assert order == ["log", 0, 1, 2, 3, 4]


def test_turn_that_does_not_come_in_time_leaves_the_queue():
    queue = WriteQueue()
    assert queue.acquire(10)
    assert not queue.acquire(0.01)
    queue.release()
    assert queue.acquire(0.01)


def is_free():
    return not any(queue._is_held for queue in _queues.values())


def make(name="a"):
    return PeriodicJob.objects.create(name=name, due_at=NOON)


@pytest.mark.django_db(transaction=True)
def test_turn_is_held_through_nested_transactions_until_the_outermost_ends():
    with transaction.atomic():
        assert not is_free()
        with transaction.atomic():
            make()
        with pytest.raises(DatabaseError), transaction.atomic():
            make()
        assert not is_free()
        list(PeriodicJob.objects.select_for_update())
    assert is_free()


@pytest.mark.django_db(transaction=True)
def test_turn_is_given_back_after_each_statement_outside_of_transactions():
    make()
    assert is_free()
    PeriodicJob.objects.update(due_at=NOON + HOUR)
    assert is_free()
    with pytest.raises(DatabaseError):
        PeriodicJob.objects.bulk_create([PeriodicJob(name="a", due_at=NOON)])
    assert is_free()
    with pytest.raises(DatabaseError):
        connection.cursor().execute("DELETE FROM nothing")
    assert is_free()


@pytest.mark.django_db(transaction=True)
def test_turn_is_given_back_when_a_transaction_fails_or_its_connection_closes():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make(str(1 / 0))
    assert is_free()
    with transaction.atomic():
        make()
        connection.close()
        assert is_free()
    assert not PeriodicJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_turn_is_given_back_when_another_process_holds_the_database(monkeypatch):
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    connection.ensure_connection()
    connection.connection.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        make()
    assert is_free()
    other.execute("ROLLBACK")
    other.close()
    make()


@pytest.mark.django_db(transaction=True)
def test_turn_of_a_connection_that_nobody_closed_is_given_back():
    lost = ConnectionHandler({"default": connection.settings_dict})["default"]
    lost.cursor().execute("BEGIN IMMEDIATE")
    assert not is_free()
    lost.connection = None
    gc.collect()
    assert is_free()


@pytest.mark.django_db(transaction=True)
def test_reads_wait_for_nobody_and_writes_are_refused_after_the_timeout():
    make()
    seen = []

    def read_and_write():
        connection.ensure_connection()
        connection.connection.lock_timeout = 0.05
        seen.append(PeriodicJob.objects.count())
        try:
            make("b")
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
def test_sixteen_writers_all_come_to_their_turn_and_an_urgent_one_at_once():
    over = threading.Event()
    rows, waits, failures = [], [], []

    def post(number):
        try:
            while not over.is_set():
                with transaction.atomic():
                    rows.append(make(f"{number}-{len(rows)}-{time.monotonic_ns()}"))
                    time.sleep(0.005)
        except DatabaseError as exc:
            failures.append(exc)
        finally:
            connections.close_all()

    threads = in_threads(*[lambda n=n: post(n) for n in range(16)])
    for number in range(20):
        began = time.monotonic()
        with urgent_writes():
            make(f"urgent_writes{number}")
        waits.append(time.monotonic() - began)
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert PeriodicJob.objects.count() == len(rows) + 20
    assert sorted(waits)[10] < 0.1  # each of sixteen who wait takes 5 ms and more


def test_busy_timeout_is_short_enough_for_a_request():
    assert settings.DATABASES["default"]["OPTIONS"]["timeout"] <= 5
