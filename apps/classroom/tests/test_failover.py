"""When a process is killed under load, nginx moves its users to the other process."""

import asyncio
import time

import pytest

from apps.classroom.tests.clients import eventually
from apps.classroom.tests.servers import ServerProcess
from tests.proxy import nginx
from tests.soak.simulation import Room, make_rooms

pytestmark = [pytest.mark.redis, pytest.mark.nginx, pytest.mark.postgres]


@pytest.fixture
def pair(transactional_db, redis):
    processes = [ServerProcess(redis.url), ServerProcess(redis.url)]
    yield processes
    for process in processes:
        process.kill()


@pytest.fixture
def rooms(transactional_db, pair, tmp_path):
    """Six rooms of two users who connect through the proxy."""
    with nginx(tmp_path, [process.url for process in pair]) as address:
        yield [Room(*room, [address, address]) for room in make_rooms(6)]


async def kill_and_time_recovery(process, users):
    """The seconds from the kill until each user has a stroke that the other one drew after it."""
    await asyncio.to_thread(process.kill)
    killed_at = time.monotonic()
    counts_at_kill = {user: user.update_count for user in users}

    def is_live(user):
        (other,) = (p for p in users if p.room == user.room and p is not user)
        return user.is_connected and user.newest_update_by(other.number) >= counts_at_kill[other]

    await eventually(lambda: all(is_live(user) for user in users), 30)
    return time.monotonic() - killed_at


async def kill_both_in_turn(rooms, pair, redis):
    users = [user for room in rooms for user in room.users]
    connections = [asyncio.create_task(user.stay_connected(3600)) for user in users]
    await eventually(lambda: all(user.join_seconds for user in users), 20)
    activities = [asyncio.create_task(user.draw(10)) for user in users]
    activities += [asyncio.create_task(user.send_messages()) for user in users]
    durations = [await kill_and_time_recovery(pair[0], users)]
    pair[0] = await asyncio.to_thread(ServerProcess, redis.url, pair[0].port)
    durations.append(await kill_and_time_recovery(pair[1], users))
    for task in activities:
        task.cancel()
    await eventually(
        lambda: all(room.are_boards_complete() and room.is_chat_complete() for room in rooms), 10
    )
    for task in connections:
        task.cancel()
    await asyncio.gather(*connections, *activities, return_exceptions=True)
    return durations, [len(user.recovery_seconds) for user in users]


def test_users_of_a_killed_process_reconnect_within_five_seconds(rooms, pair, redis):
    durations, reconnections = asyncio.run(kill_both_in_turn(rooms, pair, redis))
    assert max(durations) < 5
    assert min(reconnections) >= 1
    deadline = time.monotonic() + 10
    while not all(all(room.check_stored()) for room in rooms):
        assert time.monotonic() < deadline
