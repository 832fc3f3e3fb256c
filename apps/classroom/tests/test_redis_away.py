"""Lessons begin and go on in one process while Redis is away."""

import asyncio
import json
import time
import urllib.request

import pytest

from apps.classroom.tests.clients import House
from apps.classroom.tests.servers import Process

pytestmark = [pytest.mark.redis]


@pytest.fixture
def house(transactional_db, redis, lesson, tutor, student, api):
    process = Process(redis.url)
    process.stop = process.kill
    yield House(process, lesson, tutor, student, api)
    process.kill()


def join(house, **body):
    """Over HTTP to the process itself, which counts guests' attempts in its cache."""
    request = urllib.request.Request(
        f"{house.server}{house.join_url}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["ticket"]


def test_guest_joins_and_is_admitted_while_redis_is_away(house, redis):
    tutor_ticket = house.ticket(house.tutor)
    redis.stop()
    began = time.monotonic()
    guest_ticket = join(house, invite=house.invite(), name="Бабуся")
    assert time.monotonic() - began < 5

    async def scenario():
        async with house.events(tutor_ticket) as tutor, house.events(guest_ticket) as guest:
            person = (await guest.until("welcome"))["you"]["person"]
            await tutor.send("lobby.admit", person=person)
            await guest.until("welcome")
            async with house.board(tutor_ticket) as a, house.board(guest_ticket) as b:
                a.map["x"] = 1
                while "x" not in b.map:
                    await asyncio.sleep(0.01)
            await guest.say("Добрий день")
            await tutor.until("chat")

    asyncio.run(scenario())
    redis.start()
