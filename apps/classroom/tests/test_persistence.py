"""Strokes survive restarts, SIGKILL (up to 0.25 s) and concurrent compactions."""

import asyncio
import signal
import time

import pytest
from pycrdt import Doc, Map

from apps.classroom import board_log
from apps.classroom.models import BoardSnapshot, BoardUpdate, BoardVersion
from apps.classroom.tests.clients import LiveRoom
from apps.classroom.tests.servers import ServerProcess


@pytest.fixture
def process(transactional_db):
    running = []

    def start(redis=""):
        running.append(ServerProcess(redis))
        return running[-1]

    yield start
    for each in running:
        each.kill()


@pytest.fixture
def make_live_room(lesson, tutor, student, api):
    def make(process):
        process.stop = process.kill
        return LiveRoom(process, lesson, tutor, student, api)

    return make


def stored(lesson):
    doc = board_log.load_document(lesson.session.pk)
    return doc.get("elements:1", type=Map).to_py() or {}


def test_board_is_compacted_when_everybody_has_left(live_room):
    async def scenario(ticket):
        async with live_room.board(ticket) as a:
            a.map["x"] = 1

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    live_room.stop()
    assert stored(live_room.lesson) == {"x": 1}
    assert (BoardUpdate.objects.count(), BoardSnapshot.objects.count()) == (0, 1)
    assert BoardVersion.objects.count() == 1


def test_restart_loses_nothing(process, make_live_room, lesson):
    live_room = make_live_room(process())

    async def scenario(ticket):
        async with live_room.board(ticket) as a:
            for number in range(200):
                a.map[f"{number}"] = number
            await a.drain()
            await asyncio.to_thread(live_room.stop, signal.SIGTERM)

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    assert len(stored(lesson)) == 200


def test_sigkill_loses_at_most_a_quarter_of_a_second(process, make_live_room, lesson):
    live_room = make_live_room(process())

    async def scenario(ticket):
        sent = []
        async with live_room.board(ticket) as a, live_room.board(ticket) as b:
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                key = f"{len(sent)}"
                a.map[key] = 1
                while key not in b.map:
                    await asyncio.sleep(0.001)
                sent.append(time.monotonic())
            killed = time.monotonic()
            live_room.stop()
        return [at <= killed - 0.25 for at in sent].count(True), len(sent)

    must, sent = asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    assert must > 100
    assert must <= len(stored(lesson)) <= sent


def test_sigkill_loses_nothing_while_a_client_lives(process, make_live_room, lesson):
    first, second = make_live_room(process()), make_live_room(process())
    tickets = [first.ticket(first.tutor), first.ticket(first.student)]

    async def scenario():
        async with first.board(tickets[0]) as a:
            for number in range(100):
                a.map[f"{number}"] = number
            await a.drain()
            first.stop()
        async with second.board(tickets[0], doc=a.doc), second.board(tickets[1]) as b:
            while len(b.map) < 100:
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
    second.stop(signal.SIGTERM)
    assert len(stored(lesson)) == 100


def test_concurrent_compactions_lose_nothing(lesson, monkeypatch):
    session = lesson.session.pk
    docs = [Doc(), Doc()]
    for number, doc in enumerate(docs):
        doc.get("elements:1", type=Map)[f"{number}"] = number
        board_log.append({session: [doc.get_update()]})
    assert board_log.compact(session)
    read = board_log.load

    def load_and_compact(sessions):
        """Another process compacts between this one's read and write."""
        found = read(sessions)
        monkeypatch.setattr(board_log, "load", read)
        late = Doc()
        late.get("elements:1", type=Map)["late"] = 1
        board_log.append({session: [late.get_update()]})
        assert board_log.compact(session)
        return found

    monkeypatch.setattr(board_log, "load", load_and_compact)
    assert not board_log.compact(session)
    assert stored(lesson) == {"0": 0, "1": 1, "late": 1}


@pytest.mark.django_db
def test_log_rows_of_a_single_update_are_read(lesson):
    drawn = Doc()
    drawn.get("elements:1", type=Map)["old"] = 1
    BoardUpdate.objects.create(session=lesson.session, data=drawn.get_update())
    before = drawn.get_state()
    drawn.get("elements:1", type=Map)["new"] = 2
    board_log.append({lesson.session.pk: [drawn.get_update(before)]})
    assert stored(lesson) == {"old": 1, "new": 2}
