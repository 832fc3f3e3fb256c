"""Messages to people in a room while the database is unavailable or the disk full."""

import asyncio
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError
from pycrdt import Map

from apps.classroom import board_log, services
from apps.classroom.models import Attendance, ChatMessage
from apps.classroom.realtime.board import log_writer
from apps.classroom.realtime.server import registry
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.tests.clients import eventually
from apps.lessons.rooms import RoomLessons

pytestmark = pytest.mark.usefixtures("frequent_checks")
AWAY = OperationalError("the database is away")
FULL = OperationalError("database or disk is full")


@contextmanager
def failing(monkeypatch, where, name, error):
    def fail(*args, **kwargs):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(where, name, fail)
        yield


@pytest.mark.parametrize(("error", "code"), [(AWAY, "service_unavailable"), (FULL, "storage_full")])
def test_unstored_chat_message_is_answered_with_an_error(live_room, monkeypatch, error, code):
    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.wait_for("welcome")
            with failing(monkeypatch, services, "post_message", error):
                sent = await tutor.send_chat("Чи збережено?")
                reply = await tutor.wait_for("error")
            assert (reply["code"], reply["ref"]) == (code, "chat.send")
            await tutor.send_chat("Чи збережено?", sent)
            assert (await tutor.wait_for("chat"))["message"]["id"] == sent

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    assert ChatMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("where", "service", "kind", "fields"),
    [
        (services, "admit", "lobby.admit", {"person": "u1"}),
        (services, "set_lobby", "lobby.set", {"enabled": False}),
        (services, "remove_person", "remove", {"person": "u1000"}),
        (services, "set_timer", "timer.set", {"seconds": 60}),
        (RoomLessons, "complete", "end", {}),
    ],
)
def test_unstored_moderation_is_answered_with_an_error(
    live_room, monkeypatch, where, service, kind, fields
):
    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.wait_for("welcome")
            with failing(monkeypatch, where, service, AWAY):
                await tutor.send(kind, **fields)
                reply = await tutor.wait_for("error")
            assert (reply["code"], reply["ref"]) == ("service_unavailable", kind)
            await tutor.receive_pending()

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def test_attendance_is_recorded_later_when_disk_is_full(live_room, monkeypatch):
    monkeypatch.setattr(registry, "PRESENCE_INTERVAL", 0.1)

    async def scenario(ticket):
        with failing(monkeypatch, services, "record_join", FULL):
            opened = live_room.events(ticket)
            await opened.__aenter__()
            await opened.wait_for("welcome")
        await eventually(lambda: not RoomRegistry.current.rooms[live_room.uuid]._pending_arrivals)
        await opened.__aexit__()

    asyncio.run(scenario(live_room.ticket(live_room.student)))
    assert Attendance.objects.get().person == f"u{live_room.student.pk}"


def test_room_is_closed_when_leave_cannot_be_recorded(live_room, monkeypatch):
    async def scenario(ticket):
        with failing(monkeypatch, services, "record_leave", FULL):
            async with live_room.events(ticket) as student:
                await student.wait_for("welcome")
            await eventually(lambda: live_room.uuid not in RoomRegistry.current.rooms)

    asyncio.run(scenario(live_room.ticket(live_room.student)))


@pytest.fixture
def impatient(monkeypatch):
    """Let a room say after half a second, instead of three, that strokes are not stored."""
    monkeypatch.setattr(log_writer, "MAX_UNSAVED_TIME", timedelta(seconds=0.5))


def test_room_is_notified_while_strokes_cannot_be_stored(live_room, monkeypatch, impatient):
    tickets = live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)

    async def scenario():
        async with live_room.events(tickets[0]) as tutor, live_room.board(tickets[0]) as board:
            await tutor.wait_for("welcome")
            with failing(monkeypatch, board_log, "append", FULL):
                board.map["x"] = 1
                saving = await tutor.wait_for("saving", ok=False)
                assert saving["since"]
                async with live_room.events(tickets[1]) as late:
                    await late.wait_for("saving", ok=False, since=saving["since"])
            await tutor.wait_for("saving", ok=True, since=None)

    asyncio.run(scenario())
    assert board_log.load_document(live_room.session.pk).get_update() != b"\0\0"


def test_emptied_room_can_be_entered_while_strokes_cannot_be_stored(live_room, monkeypatch):
    async def scenario(ticket):
        with failing(monkeypatch, board_log, "append", FULL):
            async with live_room.events(ticket), live_room.board(ticket) as board:
                board.map["x"] = 1
            await eventually(lambda: RoomRegistry.current.writer._flushes)  # its last socket left
            async with live_room.events(ticket) as tutor:
                async with asyncio.timeout(2):
                    await tutor.wait_for("welcome")
                async with live_room.board(ticket) as board:
                    assert board.map.to_py() == {"x": 1}
                    board.map["y"] = 2
        await eventually(lambda: live_room.uuid not in RoomRegistry.current.rooms)

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    stored = board_log.load_document(live_room.session.pk)
    assert stored.get("elements:1", type=Map).to_py() == {"x": 1, "y": 2}


def test_room_is_notified_while_log_writer_hangs(live_room, monkeypatch, impatient):
    """A locked SQLite database only fails after 20 seconds."""
    import threading

    held = threading.Event()
    append = board_log.append

    async def scenario(ticket):
        async with live_room.events(ticket) as tutor, live_room.board(ticket) as board:
            await tutor.wait_for("welcome")
            monkeypatch.setattr(board_log, "append", lambda batch: held.wait(20) and append(batch))
            board.map["x"] = 1
            await tutor.wait_for("saving", ok=False)
            held.set()
            await tutor.wait_for("saving", ok=True)

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
