"""What was drawn is stored: over a restart, over kill -9, and folded without loss."""

import asyncio
import signal
import time

import pytest
from pycrdt import Doc, Map

from apps.classroom import board_log
from apps.classroom.models import BoardSnapshot, BoardUpdate, BoardVersion
from apps.classroom.tests.clients import House
from apps.classroom.tests.servers import Process


@pytest.fixture
def process(transactional_db):
    running = []

    def start(redis=""):
        running.append(Process(redis))
        return running[-1]

    yield start
    for each in running:
        each.kill()


@pytest.fixture
def house_in(lesson, tutor, student, api):
    def make(process):
        process.stop = process.kill
        return House(process, lesson, tutor, student, api)

    return make


def stored(lesson):
    doc = board_log.document(lesson.session.pk)
    return doc.get("elements:1", type=Map).to_py() or {}


def test_a_board_is_folded_and_kept_when_everybody_left(house):
    async def scenario(ticket):
        async with house.board(ticket) as a:
            a.map["x"] = 1

    asyncio.run(scenario(house.ticket(house.tutor)))
    house.stop()
    assert stored(house.lesson) == {"x": 1}
    assert (BoardUpdate.objects.count(), BoardSnapshot.objects.count()) == (0, 1)
    assert BoardVersion.objects.count() == 1


def test_a_restart_loses_nothing(process, house_in, lesson):
    house = house_in(process())

    async def scenario(ticket):
        async with house.board(ticket) as a:
            for number in range(200):
                a.map[f"{number}"] = number
            await a.drained()
            await asyncio.to_thread(house.stop, signal.SIGTERM)

    asyncio.run(scenario(house.ticket(house.tutor)))
    assert len(stored(lesson)) == 200


def test_kill_9_loses_at_most_the_last_quarter_of_a_second(process, house_in, lesson):
    house = house_in(process())

    async def scenario(ticket):
        sent = []
        async with house.board(ticket) as a, house.board(ticket) as b:
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                key = f"{len(sent)}"
                a.map[key] = 1
                while key not in b.map:
                    await asyncio.sleep(0.001)
                sent.append(time.monotonic())
            killed = time.monotonic()
            house.stop()
        return [at <= killed - 0.25 for at in sent].count(True), len(sent)

    must, sent = asyncio.run(scenario(house.ticket(house.tutor)))
    assert must > 100
    assert must <= len(stored(lesson)) <= sent


def test_kill_9_loses_nothing_while_a_client_lives(process, house_in, lesson):
    first, second = house_in(process()), house_in(process())
    tickets = [first.ticket(first.tutor), first.ticket(first.student)]

    async def scenario():
        async with first.board(tickets[0]) as a:
            for number in range(100):
                a.map[f"{number}"] = number
            await a.drained()
            first.stop()
        async with second.board(tickets[0], doc=a.doc), second.board(tickets[1]) as b:
            while len(b.map) < 100:
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
    second.stop(signal.SIGTERM)
    assert len(stored(lesson)) == 100


def test_two_that_fold_at_once_lose_nothing(lesson, monkeypatch):
    session = lesson.session.pk
    docs = [Doc(), Doc()]
    for number, doc in enumerate(docs):
        doc.get("elements:1", type=Map)[f"{number}"] = number
        board_log.append({session: [doc.get_update()]})
    assert board_log.compact(session)
    read = board_log.load

    def meanwhile(sessions):
        """The other process folds between this one's reading and writing."""
        found = read(sessions)
        monkeypatch.setattr(board_log, "load", read)
        late = Doc()
        late.get("elements:1", type=Map)["late"] = 1
        board_log.append({session: [late.get_update()]})
        assert board_log.compact(session)
        return found

    monkeypatch.setattr(board_log, "load", meanwhile)
    assert not board_log.compact(session)
    assert stored(lesson) == {"0": 0, "1": 1, "late": 1}


@pytest.mark.django_db
def test_rows_from_before_rows_were_lists_are_read(lesson):
    drawn = Doc()
    drawn.get("elements:1", type=Map)["old"] = 1
    BoardUpdate.objects.create(session=lesson.session, data=drawn.get_update())
    before = drawn.get_state()
    drawn.get("elements:1", type=Map)["new"] = 2
    board_log.append({lesson.session.pk: [drawn.get_update(before)]})
    assert stored(lesson) == {"old": 1, "new": 2}
