"""The bus between processes: outages, and messages that are not of this installation."""

import asyncio
import json
import time

import pytest
from django.db import OperationalError
from redis import Redis

from apps.classroom.realtime.cluster import signing
from apps.classroom.realtime.cluster.bus import channel_of, seal_messages
from apps.classroom.realtime.cluster.messages import Broadcast, pack
from apps.classroom.realtime.cluster.redis_bus import RedisBus
from apps.classroom.realtime.server import db
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.tests.clients import eventually
from apps.common.supervisor import failing_tasks
from tests.server import free_port

pytestmark = [pytest.mark.redis]


@pytest.fixture
def on_redis(settings, redis):
    settings.REDIS_URL = redis.url
    return redis


def other_process(url):
    return RedisBus(url, on_messages=lambda *received: None, on_reconnect=lambda since: None)


def make_broadcast(word):
    return Broadcast("in", json.dumps({"type": "chat", "message": word}))


async def wait_for_broadcast(tutor, room, url, word):
    """Publish from another process until the tutor's socket receives it."""
    bus = other_process(url)
    try:
        await eventually(lambda: bus.connected)
        received = asyncio.create_task(tutor.wait_for("chat", message=word))
        while not received.done():
            bus.publish(room, make_broadcast(word))
            await asyncio.sleep(0.05)
        await received
    finally:
        await bus.stop()


def test_bus_reconnects_while_database_is_unavailable(on_redis, live_room, monkeypatch):
    async def away(*args, **kwargs):
        raise OperationalError("the database is away")

    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.wait_for("welcome")
            bus = RoomRegistry.current.bus
            await eventually(lambda: bus.connected)
            with monkeypatch.context() as outage:
                outage.setattr(db, "run", away)
                await asyncio.to_thread(on_redis.stop)
                await eventually(lambda: not bus.connected)
                await asyncio.to_thread(on_redis.start)
                await eventually(lambda: bus.connected)
                await asyncio.sleep(2.5)  # one run of each periodic task
                assert bus.connected
                assert "room-rights" in failing_tasks()
            await wait_for_broadcast(tutor, live_room.uuid, on_redis.url, "again")
            await eventually(lambda: failing_tasks() == [])

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def failures(log_lines):
    return [line for line in log_lines() if line["message"] == "Redis cannot be used"]


def test_bus_without_the_right_to_subscribe_is_failing(redis, log_lines):
    user = ["ACL", "SETUSER", "kreida", "on", ">secret", "~*", "+@all"]
    url = redis.url.replace("//", "//kreida:secret@")

    def allow(rule):
        with Redis.from_url(redis.url) as client:
            client.execute_command(*user, rule)

    async def scenario():
        await asyncio.to_thread(allow, "resetchannels")
        bus = other_process(url)
        try:
            await eventually(lambda: failing_tasks() == ["redis-bus"])
            for _ in range(100):  # two attempts more
                await asyncio.sleep(0.012)
                assert failing_tasks() == ["redis-bus"]
            await asyncio.to_thread(allow, "allchannels")
            await eventually(lambda: failing_tasks() == [])
        finally:
            await bus.stop()

    asyncio.run(scenario())
    assert len(failures(log_lines)) == 1


def test_bus_that_never_connected_is_logged_once(log_lines):
    async def scenario():
        bus = other_process(f"redis://127.0.0.1:{free_port()}/0")
        try:
            await eventually(lambda: failing_tasks() == ["redis-bus"])
            await asyncio.sleep(1.2)  # two attempts more
        finally:
            await bus.stop()
        assert failing_tasks() == []

    asyncio.run(scenario())
    assert len(failures(log_lines)) == 1


def test_crashed_bus_is_restarted_and_logged(on_redis, live_room, monkeypatch, log_lines):
    async def crash(*args):
        raise TypeError("not an error of Redis")

    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.wait_for("welcome")
            await eventually(lambda: RoomRegistry.current.bus.connected)
            with monkeypatch.context() as broken:
                broken.setattr(RedisBus, "_serve", crash)
                await asyncio.to_thread(on_redis.stop)
                await eventually(lambda: any(x.get("task") == "redis-bus" for x in log_lines()))
                assert "redis-bus" in failing_tasks()
                await asyncio.to_thread(on_redis.start)
            await wait_for_broadcast(tutor, live_room.uuid, on_redis.url, "again")
            assert failing_tasks() == []

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def test_crashed_rights_check_is_restarted(live_room, monkeypatch):
    async def crash(self, rooms):
        raise TypeError("not an error of the database")

    async def scenario(ticket):
        async with live_room.events(ticket) as student:
            await student.wait_for("welcome")
            with monkeypatch.context() as broken:
                broken.setattr(RoomRegistry, "_recheck_rooms", crash)
                await eventually(lambda: "room-rights" in failing_tasks())
            await asyncio.to_thread(live_room.deactivate, live_room.student)
            assert await student.close_code() == 4403

    asyncio.run(scenario(live_room.ticket(live_room.student)))


def test_forged_redis_messages_are_rejected(on_redis, live_room, settings, log_lines):
    """Messages that are unsigned, signed with another secret or for another room."""
    own = settings.SECRET_KEY

    def forge():
        channel = channel_of(live_room.uuid)
        other_room = seal_messages(
            channel.replace(str(live_room.uuid), "0" * 32), "other", [make_broadcast("forged")]
        )
        settings.SECRET_KEY = own[::-1]
        assert channel_of(live_room.uuid) != channel
        other_key = seal_messages(channel, "other", [make_broadcast("forged")])
        settings.SECRET_KEY = own
        unsigned = pack("other", time.time(), [make_broadcast("forged")])
        with Redis.from_url(on_redis.url) as redis:
            for payload in (unsigned, other_key, other_room, b"", b"\xff" * 40):
                redis.publish(channel, payload)

    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.wait_for("welcome")
            await eventually(lambda: RoomRegistry.current.bus.connected)
            await asyncio.to_thread(forge)
            await wait_for_broadcast(tutor, live_room.uuid, on_redis.url, "true")
            assert not [m for m in tutor.seen if m.get("message") == "forged"]

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    rejected = [line for line in log_lines() if line["message"] == "rejected messages on Redis"]
    assert len(rejected) == 1


def test_replayed_redis_message_is_ignored(on_redis, live_room):
    """Replays by somebody who can read Redis but has no key; an old message is refused too."""
    old = signing.seal(
        channel_of(live_room.uuid), pack("old", time.time() - 3600, [make_broadcast("yesterday")])
    )

    def publish(*payloads):
        with Redis.from_url(on_redis.url) as redis:
            for payload in payloads:
                redis.publish(channel_of(live_room.uuid), payload)

    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.wait_for("welcome")
            await eventually(lambda: RoomRegistry.current.bus.connected)
            once, twice = (
                seal_messages(channel_of(live_room.uuid), "p", [make_broadcast(word)])
                for word in ("once", "twice")
            )
            await asyncio.to_thread(publish, old, once, twice, once, twice, once)
            await wait_for_broadcast(tutor, live_room.uuid, on_redis.url, "after")
            return [message["message"] for message in tutor.seen if message["type"] == "chat"]

    assert asyncio.run(scenario(live_room.ticket(live_room.tutor)))[:3] == [
        "once",
        "twice",
        "after",
    ]


def test_messages_are_accepted_after_the_clock_was_put_right(monkeypatch):
    now, stamps, guard = time.time(), signing.Timestamps(), signing.ReplayGuard()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert guard.accept("process", stamps.next())
    monkeypatch.setattr(time, "time", lambda: now)
    replayed = stamps.next()
    assert guard.accept("process", replayed)
    assert guard.accept("process", stamps.next())
    assert not guard.accept("process", replayed)


def test_clock_set_back_by_seconds_lets_nobody_replay(monkeypatch):
    now, stamps, guard = time.time(), signing.Timestamps(), signing.ReplayGuard()
    first = stamps.next()
    assert guard.accept("process", first)
    monkeypatch.setattr(time, "time", lambda: now - 5)
    assert not guard.accept("process", first)
    assert guard.accept("process", stamps.next())


def test_replay_guard_forgets_silent_senders(monkeypatch):
    now = time.time()
    guard = signing.ReplayGuard()
    for number in range(100):
        assert guard.accept(f"control-{number}", now)
    monkeypatch.setattr(time, "time", lambda: now + signing.MAX_AGE + 1)
    assert not guard.accept("control-1", now)
    assert guard.accept("process", now + signing.MAX_AGE)
    assert list(guard._last) == ["process"]


def test_replay_guard_forgets_senders_from_before_the_clock_was_set_back(monkeypatch):
    now, guard = time.time(), signing.ReplayGuard()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    for number in range(100):
        assert guard.accept(f"control-{number}", now + 3600)
    monkeypatch.setattr(time, "time", lambda: now)
    assert guard.accept("process", now)
    assert list(guard._last) == ["process"]
