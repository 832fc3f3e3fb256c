"""A tutor's quota and the boards: what is drawn, refused and deleted once it is used up."""

import asyncio
import time

import pytest

from apps.classroom import board_log
from apps.classroom.models import BoardSnapshot, ClassroomSession
from apps.classroom.realtime.board import storage
from apps.classroom.realtime.server import registry, storage_check
from apps.classroom.tests.boards import drawing, in_thread, stored
from apps.classroom.tests.clients import eventually
from tests.builders import make_lesson

pytestmark = pytest.mark.any_database


@pytest.fixture
def full(live_room, other_lesson, settings, monkeypatch):
    """A live room whose tutor's quota is used up by another lesson's board."""
    settings.STORAGE_QUOTA_MB = 1
    monkeypatch.setattr(registry, "MAINTENANCE_INTERVAL", 0.05)
    monkeypatch.setattr(registry, "ACCESS_CHECK_INTERVAL", 0.05)
    monkeypatch.setattr(storage_check, "INTERVAL", 0.05)
    BoardSnapshot.objects.create(session=other_lesson.session, state=bytes(1024 * 1024))
    return live_room


@pytest.fixture
def other_lesson(lesson, tutor, student):
    return make_lesson(tutor, student, lesson.ends_at)


def test_full_storage_refuses_strokes_and_accepts_deletions(full):
    board_log.append({full.session.pk: [drawing(old=1)]})
    tickets = full.ticket(full.tutor), full.ticket(full.student)

    async def scenario():
        async with full.board(tickets[0]) as tutor, full.board(tickets[1]) as student:
            async with full.events(tickets[1]) as events:
                await events.wait_for("board.size", level="storage_full")
            del tutor.map["old"]
            await eventually(lambda: "old" not in student.map)
            student.map["new"] = {"x": 1}
            assert await student.close_code() == 4413
            async with full.events(tickets[0]) as events:
                await events.wait_for("board.size", level="storage_full")
                await in_thread(BoardSnapshot.objects.exclude(session=full.session).delete)
                await events.wait_for("board.size", level="ok")
            tutor.map["again"] = {"x": 2}
            await tutor.drain()
            assert tutor.socket.close_code is None

    asyncio.run(scenario())
    full.stop()
    assert stored(full.lesson) == {"again": {"x": 2}}


def test_board_of_another_tutor_is_not_affected(full, other_tutor):
    ClassroomSession.objects.exclude(pk=full.session.pk).update(lesson=None)
    ticket = full.ticket(full.tutor)

    async def scenario():
        async with full.board(ticket) as board:
            await asyncio.wait_for(_checked(full), 20)
            board.map["a"] = 1
            await board.drain()
            assert board.socket.close_code is None

    asyncio.run(scenario())


def test_board_that_makes_room_is_counted_at_once(live_room, settings, monkeypatch):
    settings.STORAGE_QUOTA_MB = 1
    monkeypatch.setattr(registry, "MAINTENANCE_INTERVAL", 0.05)
    monkeypatch.setattr(registry, "ACCESS_CHECK_INTERVAL", 0.05)
    monkeypatch.setattr(storage_check, "INTERVAL", 0.5)  # the log is written by then
    monkeypatch.setattr(storage, "COMPACT_RETRY_AFTER", 0.05)
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.board(ticket) as board, live_room.events(ticket) as events:
            for number in range(11):
                board.map[str(number)] = "x" * 100_000
            await events.wait_for("board.size", level="storage_full")
            monkeypatch.setattr(storage_check, "INTERVAL", 600.0)
            open_room = registry.RoomRegistry.current.rooms[live_room.uuid]
            await eventually(lambda: open_room.storage_check._next_at > time.monotonic() + 300)
            for number in range(11):
                del board.map[str(number)]
            await events.wait_for("board.size", level="ok")

    asyncio.run(scenario())


async def _checked(live_room):
    def is_checked():
        open_room = registry.RoomRegistry.current.rooms.get(live_room.uuid)
        return open_room is not None and open_room.storage_check._sizes[1] >= 0

    await eventually(is_checked)
