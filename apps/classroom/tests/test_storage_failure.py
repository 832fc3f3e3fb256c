"""What people in a room are told while the database is away or the disk is full."""

import asyncio
from contextlib import contextmanager

import pytest
from django.db import OperationalError

from apps.classroom import board_log, services
from apps.classroom.models import Attendance, ChatMessage
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.tests.clients import eventually

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
def test_chat_that_cannot_be_stored_is_answered_and_can_be_sent_again(
    house, monkeypatch, error, code
):
    async def scenario(ticket):
        async with house.events(ticket) as tutor:
            await tutor.until("welcome")
            with failing(monkeypatch, services, "post_message", error):
                sent = await tutor.say("Чи збережено?")
                answer = await tutor.until("error")
            assert (answer["code"], answer["ref"]) == (code, "chat.send")
            await tutor.say("Чи збережено?", sent)
            assert (await tutor.until("chat"))["message"]["id"] == sent

    asyncio.run(scenario(house.ticket(house.tutor)))
    assert ChatMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("service", "kind", "fields"),
    [
        ("admit", "lobby.admit", {"person": "u1"}),
        ("set_lobby", "lobby.set", {"enabled": False}),
        ("remove_person", "remove", {"person": "u1000"}),
        ("set_timer", "timer.set", {"seconds": 60}),
        ("end_lesson", "end", {}),
    ],
)
def test_moderation_that_cannot_be_stored_is_answered(house, monkeypatch, service, kind, fields):
    async def scenario(ticket):
        async with house.events(ticket) as tutor:
            await tutor.until("welcome")
            with failing(monkeypatch, services, service, AWAY):
                await tutor.send(kind, **fields)
                answer = await tutor.until("error")
            assert (answer["code"], answer["ref"]) == ("service_unavailable", kind)
            await tutor.quiet()

    asyncio.run(scenario(house.ticket(house.tutor)))


def test_full_disk_keeps_nobody_out_and_attendance_is_recorded_later(house, monkeypatch):
    async def scenario(ticket):
        with failing(monkeypatch, services, "record_join", FULL):
            opened = house.events(ticket)
            await opened.__aenter__()
            await opened.until("welcome")
        await eventually(lambda: not RoomRegistry.current.rooms[house.uuid]._pending_arrivals)
        await opened.__aexit__()

    asyncio.run(scenario(house.ticket(house.student)))
    assert Attendance.objects.get().person == f"u{house.student.pk}"


def test_room_is_forgotten_when_a_leaving_cannot_be_recorded(house, monkeypatch):
    async def scenario(ticket):
        with failing(monkeypatch, services, "record_leave", FULL):
            async with house.events(ticket) as student:
                await student.until("welcome")
            await eventually(lambda: house.uuid not in RoomRegistry.current.rooms)

    asyncio.run(scenario(house.ticket(house.student)))


def test_drawers_are_told_while_strokes_cannot_be_saved(house, monkeypatch):
    tickets = house.ticket(house.tutor), house.ticket(house.student)

    async def scenario():
        async with house.events(tickets[0]) as tutor, house.board(tickets[0]) as board:
            await tutor.until("welcome")
            with failing(monkeypatch, board_log, "append", FULL):
                board.map["x"] = 1
                told = await tutor.until("saving", ok=False)
                assert told["since"]
                async with house.events(tickets[1]) as late:
                    await late.until("saving", ok=False, since=told["since"])
            await tutor.until("saving", ok=True, since=None)

    asyncio.run(scenario())
    assert board_log.document(house.session.pk).get_update() != b"\0\0"


def test_writer_that_hangs_is_told_too(house, monkeypatch):
    """A locked database fails after 20 seconds only."""
    import threading

    held = threading.Event()
    append = board_log.append

    async def scenario(ticket):
        async with house.events(ticket) as tutor, house.board(ticket) as board:
            await tutor.until("welcome")
            monkeypatch.setattr(board_log, "append", lambda batch: held.wait(20) and append(batch))
            board.map["x"] = 1
            await tutor.until("saving", ok=False)
            held.set()
            await tutor.until("saving", ok=True)

    asyncio.run(scenario(house.ticket(house.tutor)))
