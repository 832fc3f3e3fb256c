"""Limits of chat per person and room, and of bytes on the events socket."""

import asyncio
import contextlib
import uuid

import pytest
from websockets import ConnectionClosed

from apps.classroom import chat_limits
from apps.classroom.models import ChatMessage
from apps.classroom.policies import Person, Role
from apps.classroom.services import post_message
from apps.common.errors import DomainError

GUEST, OTHER = Person("g1", "Guest", Role.GUEST), Person("g2", "Other", Role.GUEST)
NOON = 1_772_452_800.0  # Unix time, the beginning of a minute


@pytest.fixture
def clock(monkeypatch):
    """Set the time in seconds after NOON."""

    def set_time(seconds):
        monkeypatch.setattr(chat_limits.time, "time", lambda: NOON + seconds)

    set_time(0)
    return set_time


@pytest.fixture
def post(lesson, clock):
    def send(person=GUEST, text="x", id_=None):
        return post_message(
            session_id=lesson.session.pk, person=person, uuid=id_ or uuid.uuid4(), text=text
        )

    return send


def is_throttled(post, *args, **kwargs):
    try:
        post(*args, **kwargs)
    except DomainError as exc:
        return exc.code == "throttled"
    return False


def test_messages_of_a_person_per_day_are_bounded(post, clock, monkeypatch):
    monkeypatch.setattr(chat_limits, "MESSAGES_PER_DAY", 3)
    assert [is_throttled(post) for _ in range(5)] == [False] * 3 + [True] * 2
    assert ChatMessage.objects.count() == 3
    assert not is_throttled(post, OTHER)
    clock(chat_limits.DAY)
    assert not is_throttled(post)


def test_messages_of_a_room_per_day_are_bounded(post, monkeypatch):
    monkeypatch.setattr(chat_limits, "ROOM_MESSAGES_PER_DAY", 2)
    assert not is_throttled(post, GUEST)
    assert not is_throttled(post, OTHER)
    assert is_throttled(post, Person("g3", "Third", Role.GUEST))


def test_bytes_of_a_person_per_minute_are_bounded(post, clock, monkeypatch):
    monkeypatch.setattr(chat_limits, "BYTES_PER_MINUTE", 10)
    assert not is_throttled(post, text="їїїїї")
    assert is_throttled(post, text="x")
    assert not is_throttled(post, OTHER, text="x")
    clock(59)
    assert is_throttled(post, text="x")
    clock(60)
    assert not is_throttled(post, text="x")


def test_message_sent_again_is_counted_once(post, monkeypatch):
    monkeypatch.setattr(chat_limits, "MESSAGES_PER_DAY", 3)
    repeated = uuid.uuid4()
    for _ in range(2):
        post(id_=repeated)
    assert [is_throttled(post) for _ in range(3)] == [False, False, True]


def test_limits_allow_a_lesson_of_busy_chat(post):
    """An hour of it in a minute: 600 messages of 200 characters."""
    for _ in range(600):
        post(text="ї" * 200)
    assert ChatMessage.objects.count() == 600


def test_chat_over_the_limit_is_answered_with_an_error(live_room, monkeypatch):
    monkeypatch.setattr(chat_limits, "MESSAGES_PER_DAY", 2)
    tickets = live_room.ticket(live_room.student), live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.events(tickets[0]) as student, live_room.events(tickets[1]) as tutor:
            await student.wait_for("welcome")
            for _ in range(3):
                await student.send_chat("x")
            error = await student.wait_for("error")
            assert (error["code"], error["ref"]) == ("throttled", "chat.send")
            await tutor.send_chat("last")
            assert (await student.wait_for("chat"))["message"]["text"] == "last"

    asyncio.run(scenario())
    assert ChatMessage.objects.count() == 3


def test_too_many_bytes_on_the_events_socket_close_it(live_room, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.app.EVENTS_BYTES_BURST", 500_000)
    tickets = live_room.ticket(live_room.student), live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.events(tickets[0]) as student, live_room.events(tickets[1]) as tutor:
            await tutor.wait_for("welcome")
            target = str(uuid.uuid4())
            with contextlib.suppress(ConnectionClosed):  # it is closed while they are sent
                for _ in range(20):
                    await student.send("signal", to=target, data={"x": "y" * 60_000})
            assert await student.close_code() == 4429
            await tutor.receive_pending()

    asyncio.run(scenario())


def test_offers_of_a_call_of_twenty_are_within_the_limits(live_room):
    async def scenario(ticket):
        async with live_room.events(ticket) as student:
            await student.wait_for("welcome")
            target = str(uuid.uuid4())
            for _ in range(20):
                await student.send("signal", to=target, data={"description": "x" * 20_000})
                for _ in range(5):
                    await student.send("signal", to=target, data={"candidate": "x" * 300})
            await student.receive_pending()

    asyncio.run(scenario(live_room.ticket(live_room.student)))
