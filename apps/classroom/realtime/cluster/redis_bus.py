"""The bus of several processes: Redis publish/subscribe and a hash of peers per room."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from apps.classroom.realtime.cluster import signing
from apps.classroom.realtime.cluster.bus import (
    OnMessages,
    OnReconnect,
    channel_of,
    seal_messages,
)
from apps.classroom.realtime.cluster.messages import BusMessage, unpack
from apps.classroom.realtime.events.presence import Present
from apps.common.supervisor import set_failing, supervise

log = logging.getLogger("kreida.room")

TASK = "redis-bus"
RETRY = 0.5  # seconds between attempts to reach Redis again
# Messages sent shortly before Redis last answered may be lost; clocks differ too.
REWIND = timedelta(seconds=10)
PRESENCE_TTL = 8  # seconds for which a process's stored list of peers is valid

_presence_decoder: msgspec.msgpack.Decoder[tuple[float, list[Present]]] = msgspec.msgpack.Decoder(
    tuple[float, list[Present]]
)


class RedisBus:
    """One channel per room, and one hash per room with the peers of each process.

    `on_messages` gets the messages of other processes. Messages published while Redis is
    unreachable are lost: on reconnection `on_reconnect` is called with the time from which messages
    may be missing. It must not wait for the database, which may be unreachable too.
    """

    def __init__(self, url: str, *, on_messages: OnMessages, on_reconnect: OnReconnect) -> None:
        self.process = uuid.uuid4().hex
        self.connected = False
        self._caught_up_until = timezone.now()
        self._url, self._on_messages, self._on_reconnect = url, on_messages, on_reconnect
        self._rooms: set[UUID] = set()
        self._outgoing: dict[str, list[BusMessage]] = defaultdict(list)
        self._pending_presence: dict[UUID, list[Present]] = {}
        self._wake = asyncio.Event()
        self._redis: Redis | None = None
        self._pubsub: PubSub | None = None
        self._subscribed: dict[str, asyncio.Future[None]] = {}
        self._rejected = signing.RejectedCount()
        self._replay_guard = signing.ReplayGuard()
        self._failing = False
        self._task = supervise(TASK, self._run_connection)

    async def open(self, room: UUID) -> dict[str, list[Present]]:
        """Subscribe to a room and return the peers of the other processes by process id.

        Returns no peers if Redis cannot be reached.
        """
        self._rooms.add(room)
        if self._redis is None or self._pubsub is None or not self.connected:
            return {}
        try:
            done = self._subscribed[channel_of(room)] = asyncio.Future()
            await self._pubsub.subscribe(channel_of(room))
            async with asyncio.timeout(2):
                await done
            stored: dict[Any, Any] = await self._redis.hgetall(_presence_key(room))
        except (RedisError, OSError, TimeoutError):
            return {}
        return dict(self._read_presence(room, stored))

    def _read_presence(
        self, room: UUID, stored: dict[bytes, bytes]
    ) -> Iterator[tuple[str, list[Present]]]:
        for process, value in stored.items():
            try:
                context = _signing_context(room, process.decode())
                until, peers = _presence_decoder.decode(signing.unseal(context, value))
            except (signing.BadSignature, msgspec.MsgspecError, UnicodeDecodeError):
                self._rejected.add()
                continue
            if until > time.time() and process.decode() != self.process:
                yield process.decode(), peers

    async def close(self, room: UUID) -> None:
        self._rooms.discard(room)
        self._pending_presence.pop(room, None)
        if self._redis is None or self._pubsub is None or not self.connected:
            return
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.unsubscribe(channel_of(room))
            await self._redis.hdel(_presence_key(room), self.process)

    def publish(self, room: UUID, message: BusMessage) -> None:
        if not self.connected:
            return  # reconnecting resynchronises
        self._outgoing[channel_of(room)].append(message)
        self._wake.set()

    def store_presence(self, room: UUID, peers: list[Present]) -> None:
        self._pending_presence[room] = peers
        self._wake.set()

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run_connection(self) -> None:
        while True:
            try:
                await self._serve()
            except (RedisError, OSError) as exc:
                if not self._failing:
                    log.warning("Redis cannot be used", extra={"data": {"reason": str(exc)}})
                self._set_failing(True)
            finally:
                self.connected = False
                self._outgoing.clear()
            await asyncio.sleep(RETRY)

    def _set_failing(self, failing: bool) -> None:
        self._failing = failing
        set_failing(TASK, failing)

    async def _serve(self) -> None:
        """Connect, and serve until the connection breaks. Raises RedisError or OSError."""
        retry: Any = Retry(NoBackoff(), 0)
        # Only the publishing connection has a read timeout, to notice a Redis that hangs.
        redis = Redis.from_url(self._url, retry=retry, socket_connect_timeout=2, socket_timeout=5)
        listener = Redis.from_url(self._url, retry=retry, socket_connect_timeout=2)
        pubsub = listener.pubsub()
        try:
            await redis.ping()
            await pubsub.subscribe(_idle_channel())
            # From here on, rooms that open subscribe themselves; those already open follow now.
            self._redis, self._pubsub, self.connected = redis, pubsub, True
            if self._rooms:
                await pubsub.subscribe(*(channel_of(room) for room in self._rooms))
            tasks = [
                asyncio.create_task(self._listen(pubsub)),
                asyncio.create_task(self._publish_pending(redis)),
            ]
            try:
                self._on_reconnect(self._caught_up_until)
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._redis = self._pubsub = None
            with contextlib.suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]
                await listener.aclose()
                await redis.aclose()

    async def _listen(self, pubsub: PubSub) -> None:
        async for message in pubsub.listen():
            channel = message["channel"].decode()
            if message["type"] == "subscribe":
                self._set_failing(False)
                waiting = self._subscribed.pop(channel, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
            elif message["type"] == "message":
                self._receive(channel, message["data"])

    def _receive(self, channel: str, payload: bytes) -> None:
        try:
            envelope = unpack(signing.unseal(channel, payload))
        except (signing.BadSignature, msgspec.MsgspecError):
            self._rejected.add()
            return
        if envelope.process == self.process:
            return
        if not self._replay_guard.accept(envelope.process, envelope.sent_at):
            self._rejected.add()
            return
        try:
            self._on_messages(UUID(channel.rpartition(":")[2]), envelope.process, envelope.messages)
        except Exception:  # an error in one room must not stop the others
            log.exception("a message from another process could not be handled")

    async def _publish_pending(self, redis: Redis) -> None:
        """Publish what has queued since the last time, in one round trip each time."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            outgoing, self._outgoing = self._outgoing, defaultdict(list)
            presence, self._pending_presence = self._pending_presence, {}
            async with redis.pipeline(transaction=False) as pipe:
                for room, peers in presence.items():
                    key = _presence_key(room)
                    value = msgspec.msgpack.encode((time.time() + PRESENCE_TTL, peers))
                    context = _signing_context(room, self.process)
                    pipe.hset(key, self.process, signing.seal(context, value))
                    pipe.expire(key, PRESENCE_TTL * 2)
                for channel, messages in outgoing.items():
                    pipe.publish(channel, seal_messages(channel, self.process, messages))
                await pipe.execute()
            self._caught_up_until = timezone.now() - REWIND


def _idle_channel() -> str:
    """Return a channel that keeps the subscription open while there is no room."""
    return f"kreida:{signing.installation()}:idle"


def _presence_key(room: UUID) -> str:
    return f"kreida:{signing.installation()}:people:{room}"


def _signing_context(room: UUID, process: str) -> str:
    """Return the signing context of one process's entry in a room's presence hash."""
    return f"{_presence_key(room)}:{process}"
