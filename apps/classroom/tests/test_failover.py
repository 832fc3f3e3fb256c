"""A process killed under load, behind the proxy of deploy/: its people are soon at the other."""

import asyncio
import time

import pytest

from apps.classroom.tests.clients import eventually
from apps.classroom.tests.servers import Process
from bench.soaking import Room, make_rooms
from tests.proxy import nginx

pytestmark = [pytest.mark.redis, pytest.mark.nginx, pytest.mark.postgres]


@pytest.fixture
def pair(transactional_db, redis):
    processes = [Process(redis.url), Process(redis.url)]
    yield processes
    for process in processes:
        process.kill()


@pytest.fixture
def rooms(transactional_db, pair, tmp_path):
    """Six rooms of two, whose people know the proxy's address alone."""
    with nginx(tmp_path, [process.url for process in pair]) as address:
        yield [Room(*room, [address, address]) for room in make_rooms(6)]


async def kill(process, people):
    """How long after it everybody has a stroke that the other in the room drew after it."""
    await asyncio.to_thread(process.kill)
    at = time.monotonic()
    then = {person: person.updates for person in people}

    def is_live(person):
        (other,) = (p for p in people if p.room == person.room and p is not person)
        return person.is_in and person.newest_of(other.number) >= then[other]

    await eventually(lambda: all(is_live(person) for person in people), 30)
    return time.monotonic() - at


async def killing_one_after_the_other(rooms, pair, redis):
    people = [person for room in rooms for person in room.people]
    staying = [asyncio.create_task(person.attend(3600)) for person in people]
    await eventually(lambda: all(person.visits for person in people), 20)
    busy = [asyncio.create_task(person.draw(10)) for person in people]
    busy += [asyncio.create_task(person.write()) for person in people]
    took = [await kill(pair[0], people)]
    pair[0] = await asyncio.to_thread(Process, redis.url, pair[0].port)
    took.append(await kill(pair[1], people))
    for task in busy:
        task.cancel()
    await eventually(lambda: all(room.boards_whole() and room.chat_read() for room in rooms), 10)
    for task in staying:
        task.cancel()
    await asyncio.gather(*staying, *busy, return_exceptions=True)
    return took, [len(person.recoveries) for person in people]


def test_a_killed_process_moves_its_people_within_five_seconds(rooms, pair, redis):
    took, moves = asyncio.run(killing_one_after_the_other(rooms, pair, redis))
    assert max(took) < 5
    assert min(moves) >= 1  # everybody was moved at least once
    deadline = time.monotonic() + 10
    while not all(all(room.stored()) for room in rooms):
        assert time.monotonic() < deadline
