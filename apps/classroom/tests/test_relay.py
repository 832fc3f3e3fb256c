"""TURN credentials: for admitted people only, valid for an hour, renewed while they stay."""

import asyncio
import time
from datetime import timedelta

import pytest

from apps.classroom.realtime.server import registry, room
from apps.classroom.tests.clients import eventually


@pytest.fixture(autouse=True)
def _relay(settings):
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example:3478"], "between us"


def seconds_left(servers):
    (server,) = servers
    return int(server["username"].split(":")[0]) - time.time()


def test_credentials_expire_after_an_hour(live_room):
    assert 3500 < seconds_left(live_room.join(live_room.tutor).json()["ice_servers"]) <= 3600


def test_guest_gets_credentials_on_admission(live_room):
    _client, ticket = live_room.guest()

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(ticket) as guest:
            welcome = await guest.wait_for("welcome")
            assert welcome["ice_servers"] == []
            await tutor.send("lobby.admit", person=welcome["you"]["person"])
            assert 3500 < seconds_left((await guest.wait_for("welcome"))["ice_servers"]) <= 3600

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def test_credentials_are_renewed_for_admitted_people_only(live_room, monkeypatch):
    monkeypatch.setattr(room, "RENEW_AFTER", timedelta(seconds=0))
    monkeypatch.setattr(registry, "PRESENCE_INTERVAL", 0.1)
    _client, ticket = live_room.guest()

    async def scenario(student_ticket):
        async with live_room.events(student_ticket) as student, live_room.events(ticket) as waiting:
            await waiting.wait_for("welcome")
            assert 3500 < seconds_left((await student.wait_for("ice"))["ice_servers"]) <= 3600
            await student.wait_for("ice")
            received = await waiting.receive_pending()
            assert "ice" not in [message["type"] for message in received]

    asyncio.run(scenario(live_room.ticket(live_room.student)))


def test_renewals_stop_when_person_leaves(live_room):
    from apps.classroom.realtime.server.registry import RoomRegistry

    async def scenario(ticket, tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor:
            await tutor.wait_for("welcome")
            async with live_room.events(ticket) as student:
                await student.wait_for("welcome")
            room_state = RoomRegistry.current.rooms[live_room.uuid]
            await eventually(lambda: len(room_state._ice_issued_at) == 1)

    asyncio.run(scenario(live_room.ticket(live_room.student), live_room.ticket(live_room.tutor)))
