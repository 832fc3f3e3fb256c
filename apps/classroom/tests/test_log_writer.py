"""LogWriter stores one batch after another, with a pause between them."""

import asyncio
import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from pycrdt import Doc, Map, merge_updates

from apps.classroom import board_log
from apps.classroom.realtime.board import log_writer
from apps.classroom.realtime.board.log_writer import MIN_INTERVAL, LogWriter
from apps.classroom.realtime.board.storage import COMPACT_AFTER, BoardStorage
from apps.classroom.tests.boards import open_board
from apps.classroom.tests.clients import eventually
from apps.common.supervisor import failing_tasks

STROKE = b"\x00\x00"
MANY = 5  # batches
TRANSACTION = 0.02  # seconds; longer than the pause between two strokes


@pytest.fixture
def stored(monkeypatch):
    """The stored batches, each with its time."""
    batches = []

    def store(batch):
        time.sleep(TRANSACTION)
        batches.append((time.monotonic(), {key: list(updates) for key, updates in batch.items()}))

    monkeypatch.setattr(LogWriter, "_store", staticmethod(store))
    monkeypatch.setattr(
        log_writer.db, "run", asyncio.to_thread
    )  # the fake store uses no database connection
    return batches


def run(scenario):
    async def whole():
        log = LogWriter()
        try:
            async with asyncio.timeout(20):
                await scenario(log)
        finally:
            await log.stop()

    asyncio.run(whole())


async def draw(log, room):
    """Add strokes without a pause until cancelled."""
    while True:
        log.add(room, STROKE)
        await asyncio.sleep(0.001)


def test_flush_waits_for_updates_added_before(stored):
    async def scenario(log):
        log.add(1, b"a")
        await log.flush()
        assert [batch for _at, batch in stored] == [{1: [b"a"]}]

    run(scenario)


def test_flush_without_updates_stores_nothing(stored):
    async def scenario(log):
        await log.flush()
        assert stored == []

    run(scenario)


def test_flush_does_not_wait_for_later_updates(stored):
    async def scenario(log):
        drawing = asyncio.create_task(draw(log, room=1))
        for _ in range(MANY):
            await asyncio.sleep(0.01)
            log.add(2, b"last")
            await log.flush()
        drawing.cancel()
        assert sum(len(batch.get(2, ())) for _at, batch in stored) == MANY

    run(scenario)


def test_writer_pauses_between_batches_after_flush(stored):
    async def scenario(log):
        await log.flush()
        drawing = asyncio.create_task(draw(log, room=1))
        while len(stored) < MANY:
            await asyncio.sleep(0.01)
        drawing.cancel()
        times = [at for at, _batch in stored]
        # The first batch may be stored without a pause.
        assert all(b - a > MIN_INTERVAL * 0.9 for a, b in pairwise(times[1:]))

    run(scenario)


def test_flush_is_retried_when_database_is_unavailable(stored, monkeypatch):
    monkeypatch.setattr(log_writer, "RETRY", 0.01)
    store, refusals = LogWriter._store, [OperationalError("away"), InterfaceError("closed")]

    def fail_twice_then_store(batch):
        if refusals:
            raise refusals.pop()
        store(batch)

    monkeypatch.setattr(LogWriter, "_store", staticmethod(fail_twice_then_store))

    async def scenario(log):
        log.add(1, b"a")
        flush = asyncio.create_task(log.flush())
        await asyncio.sleep(0)
        log.add(1, b"b")
        await flush
        assert [batch for _at, batch in stored] == [{1: [b"a", b"b"]}]

    run(scenario)


def test_each_update_of_an_outage_is_merged_once_or_twice(stored, monkeypatch):
    """Merging all of them again and again would block the event loop for longer each time."""
    merged, drawn, doc = [], [], Doc()
    doc.observe(lambda event: drawn.append(event.update))
    for number in range(500):
        doc.get("elements:1", type=Map)[f"e{number % 50}"] = {"x": number}

    def merge(*updates):
        merged.append(sum(map(len, updates)))
        return merge_updates(*updates)

    monkeypatch.setattr(log_writer, "merge_updates", merge)
    monkeypatch.setattr(log_writer, "MAX_UNMERGED", 10)
    monkeypatch.setattr(log_writer, "RETRY", 0.01)
    store, is_away = LogWriter._store, True

    def fail_while_away(batch):
        if is_away:
            raise OperationalError("away")
        store(batch)

    monkeypatch.setattr(LogWriter, "_store", staticmethod(fail_while_away))

    async def scenario(log):
        nonlocal is_away
        for number, update in enumerate(drawn):
            log.add(1, update)
            if number % 25 == 0:
                await asyncio.sleep(0.02)
        is_away = False
        await log.flush()

    run(scenario)
    (updates,) = [batch[1] for _at, batch in stored]
    assert len(updates) < len(drawn) / 5
    assert sum(merged) < 2 * sum(map(len, drawn))
    again = Doc()
    for update in updates:
        again.apply_update(update)
    assert again.get("elements:1", type=Map).to_py() == doc.get("elements:1", type=Map).to_py()


def test_writer_that_cannot_store_is_failing_until_it_can(stored, monkeypatch):
    monkeypatch.setattr(log_writer, "RETRY", 0.01)
    monkeypatch.setattr(log_writer, "MAX_UNSAVED_TIME", timedelta(seconds=0.2))
    store, refusals = LogWriter._store, [OperationalError("read-only")]

    def fail_or_store(batch):
        if refusals:
            raise refusals[0]
        store(batch)

    monkeypatch.setattr(LogWriter, "_store", staticmethod(fail_or_store))

    async def scenario(log):
        log.add(1, b"a")
        await asyncio.sleep(0.05)
        assert failing_tasks() == []
        await eventually(lambda: failing_tasks() == ["log-writer"])
        refusals.clear()
        await log.flush()
        assert failing_tasks() == []

    run(scenario)


@pytest.mark.parametrize("step", [timedelta(0), timedelta(days=1), -timedelta(days=1)])
def test_writer_whose_database_hangs_is_failing_until_it_answers(stored, monkeypatch, step):
    """Whatever the system's clock does meanwhile."""
    monkeypatch.setattr(log_writer, "MAX_UNSAVED_TIME", timedelta(seconds=0.2))
    now = timezone.now
    store, answered = LogWriter._store, threading.Event()

    def store_when_answered(batch):
        assert answered.wait(20)
        store(batch)

    monkeypatch.setattr(LogWriter, "_store", staticmethod(store_when_answered))

    async def scenario(log):
        log.add(1, b"a")
        monkeypatch.setattr(timezone, "now", lambda: now() + step)
        assert not log.is_late
        try:
            await eventually(lambda: failing_tasks() == ["log-writer"] and log.is_late)
        finally:
            answered.set()
        await log.flush()
        assert failing_tasks() == []

    run(scenario)


def test_compaction_waits_for_the_end_of_an_outage_without_holding_up_other_boards(
    stored, monkeypatch
):
    monkeypatch.setattr(log_writer, "RETRY", 0.01)
    monkeypatch.setattr(log_writer, "MAX_UNSAVED_TIME", timedelta(seconds=0.1))
    store, refusals, compacted = LogWriter._store, [OperationalError("away")], []

    def fail_or_store(batch):
        if refusals:
            raise refusals[0]
        store(batch)

    monkeypatch.setattr(LogWriter, "_store", staticmethod(fail_or_store))
    monkeypatch.setattr(board_log, "compact", lambda session, *_, **__: compacted.append(session))

    async def scenario(log):
        storage, board = BoardStorage(log), open_board().board
        board.uncompacted = COMPACT_AFTER + 1
        log.add(1, b"a")
        async with asyncio.timeout(5):
            for _ in range(3):
                await storage.compact_if_due(1, board)
        assert compacted == []
        await eventually(lambda: log._flushes == [])
        refusals.clear()
        await log.flush()
        await storage.compact_if_due(1, board)
        assert compacted == [1]

    run(scenario)
