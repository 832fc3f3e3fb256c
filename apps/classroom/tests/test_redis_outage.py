"""Lessons start and continue in one process while Redis is unavailable."""

import asyncio
import json
import time
import urllib.request

import pytest

from apps.classroom.tests.clients import LiveRoom
from apps.classroom.tests.servers import ServerProcess

pytestmark = [pytest.mark.redis]


@pytest.fixture
def live_room(transactional_db, redis, lesson, tutor, student, api):
    process = ServerProcess(redis.url)
    process.stop = process.kill
    yield LiveRoom(process, lesson, tutor, student, api)
    process.kill()


def join_over_http(live_room, **body):
    """Join over HTTP, so that the server process counts the guest's attempts in its own cache."""
    request = urllib.request.Request(
        f"{live_room.server}{live_room.join_url}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["ticket"]


def test_guest_joins_and_is_admitted_while_redis_is_away(live_room, redis):
    tutor_ticket = live_room.ticket(live_room.tutor)
    redis.stop()
    started_at = time.monotonic()
    guest_ticket = join_over_http(live_room, invite=live_room.invite(), name="Бабуся")
    assert time.monotonic() - started_at < 5

    async def scenario():
        async with live_room.events(tutor_ticket) as tutor, live_room.events(guest_ticket) as guest:
            person = (await guest.wait_for("welcome"))["you"]["person"]
            await tutor.send("lobby.admit", person=person)
            await guest.wait_for("welcome")
            async with live_room.board(tutor_ticket) as a, live_room.board(guest_ticket) as b:
                a.map["x"] = 1
                while "x" not in b.map:
                    await asyncio.sleep(0.01)
            await guest.send_chat("Добрий день")
            await tutor.wait_for("chat")

    asyncio.run(scenario())
    redis.start()
