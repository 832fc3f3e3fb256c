"""Credentials for the relay: for those who were let in, for an hour, renewed while they stay."""

import asyncio
import time
from datetime import timedelta

import pytest

from apps.classroom.realtime.server import room
from apps.classroom.tests.clients import eventually


@pytest.fixture(autouse=True)
def _relay(settings):
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example:3478"], "between us"


def expiry(servers):
    (server,) = servers
    return int(server["username"].split(":")[0]) - time.time()


def test_credentials_live_for_an_hour(house):
    assert 3500 < expiry(house.join(house.tutor).json()["ice_servers"]) <= 3600


def test_guest_gets_credentials_when_admitted_and_not_before(house):
    _client, ticket = house.guest()

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(ticket) as guest:
            welcome = await guest.until("welcome")
            assert welcome["ice_servers"] == []
            await tutor.send("lobby.admit", person=welcome["you"]["person"])
            assert 3500 < expiry((await guest.until("welcome"))["ice_servers"]) <= 3600

    asyncio.run(scenario(house.ticket(house.tutor)))


def test_credentials_are_renewed_for_those_inside_alone(house, monkeypatch):
    monkeypatch.setattr(room, "RENEW_AFTER", timedelta(seconds=0))
    _client, ticket = house.guest()

    async def scenario(student_ticket):
        async with house.events(student_ticket) as student, house.events(ticket) as waiting:
            await waiting.until("welcome")
            assert 3500 < expiry((await student.until("ice"))["ice_servers"]) <= 3600
            await student.until("ice")
            heard = await waiting.quiet()
            assert "ice" not in [message["type"] for message in heard]

    asyncio.run(scenario(house.ticket(house.student)))


def test_renewals_end_when_somebody_leaves(house):
    from apps.classroom.realtime.server.registry import RoomRegistry

    async def scenario(ticket, tutor_ticket):
        async with house.events(tutor_ticket) as tutor:
            await tutor.until("welcome")
            async with house.events(ticket) as student:
                await student.until("welcome")
            there = RoomRegistry.current.rooms[house.uuid]
            await eventually(lambda: len(there._ice_issued_at) == 1)

    asyncio.run(scenario(house.ticket(house.student), house.ticket(house.tutor)))
