"""How the processes that serve one room hear of each other: Redis, or nobody when alone.

Channels and keys carry an id of the installation, and all that is written is signed, so that two
installations may share one Redis. What is published again by somebody else is not taken twice.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec
from django.utils import timezone
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from apps.classroom.realtime.cluster import signing
from apps.classroom.realtime.cluster.messages import BusMessage, pack, unpack
from apps.classroom.realtime.events.presence import Present
from apps.common.supervisor import supervise

log = logging.getLogger("kreida.room")

RETRY = 0.5  # seconds between attempts to reach Redis again
# What was said shortly before Redis last answered may not have been passed on; clocks differ too.
REWIND = timedelta(seconds=10)
PRESENCE_TTL = 8  # seconds a process's list of people is believed without a new one

_PEERS: msgspec.msgpack.Decoder[tuple[float, list[Present]]] = msgspec.msgpack.Decoder(
    tuple[float, list[Present]]
)


class Bus(Protocol):
    """`process` names this process to the others."""

    process: str
    connected: bool

    async def open(self, room: UUID) -> dict[str, list[Present]]: ...
    async def close(self, room: UUID) -> None: ...
    def publish(self, room: UUID, message: BusMessage) -> None: ...
    def store_presence(self, room: UUID, peers: list[Present]) -> None: ...
    async def stop(self) -> None: ...


class NoBus:
    """One process: nobody else to tell."""

    process = "alone"
    connected = True

    async def open(self, room: UUID) -> dict[str, list[Present]]:
        return {}

    async def close(self, room: UUID) -> None:
        pass

    def publish(self, room: UUID, message: BusMessage) -> None:
        pass

    def store_presence(self, room: UUID, peers: list[Present]) -> None:
        pass

    async def stop(self) -> None:
        pass


OnMessages = Callable[[UUID, str, list[BusMessage]], None]
OnReconnect = Callable[[datetime], None]


class RedisBus:
    """Publish/subscribe with one channel a room, and a hash a room for who is in which process.

    `on_messages` gets the messages of other processes. What is published while Redis is away is
    lost; `on_reconnect` is then called with the time from which on messages may be missing. It must
    not wait for the database, which may be away too.
    """

    def __init__(self, url: str, *, on_messages: OnMessages, on_reconnect: OnReconnect) -> None:
        self.process = uuid.uuid4().hex
        self.connected = False
        self._caught_up_until = timezone.now()
        self._url, self._on_messages, self._on_reconnect = url, on_messages, on_reconnect
        self._rooms: set[UUID] = set()
        self._out: dict[str, list[BusMessage]] = defaultdict(list)
        self._presence_key: dict[UUID, list[Present]] = {}
        self._wake = asyncio.Event()
        self._redis: Redis | None = None
        self._pubsub: PubSub | None = None
        self._subscribed: dict[str, asyncio.Future[None]] = {}
        self._rejected = signing.RejectedCount()
        self._replays = signing.ReplayGuard()
        self._task = supervise("redis-bus", self._run_connection)

    async def open(self, room: UUID) -> dict[str, list[Present]]:
        """Starts to listen; the people of other processes, as far as Redis can be asked."""
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
                place = _people_of(room, process.decode())
                until, peers = _PEERS.decode(signing.unseal(place, value))
            except (signing.BadSignature, msgspec.MsgspecError, UnicodeDecodeError):
                self._rejected.add()
                continue
            if until > time.time() and process.decode() != self.process:
                yield process.decode(), peers

    async def close(self, room: UUID) -> None:
        self._rooms.discard(room)
        self._presence_key.pop(room, None)
        if self._redis is None or self._pubsub is None or not self.connected:
            return
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.unsubscribe(channel_of(room))
            await self._redis.hdel(_presence_key(room), self.process)

    def publish(self, room: UUID, message: BusMessage) -> None:
        if not self.connected:
            return  # healing resynchronises
        self._out[channel_of(room)].append(message)
        self._wake.set()

    def store_presence(self, room: UUID, peers: list[Present]) -> None:
        self._presence_key[room] = peers
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
                if self.connected:
                    log.warning("Redis went away", extra={"data": {"reason": str(exc)}})
            finally:
                self.connected = False
                self._out.clear()
            await asyncio.sleep(RETRY)

    async def _serve(self) -> None:
        """One connection's life. Raises when it breaks."""
        retry: Any = Retry(NoBackoff(), 0)
        # The one that publishes notices a Redis that hangs; the listener waits however long.
        redis = Redis.from_url(self._url, retry=retry, socket_connect_timeout=2, socket_timeout=5)
        listener = Redis.from_url(self._url, retry=retry, socket_connect_timeout=2)
        pubsub = listener.pubsub()
        try:
            await redis.ping()
            await pubsub.subscribe(_idle())
            # From here on a room that opens subscribes itself; the others are caught up with.
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
        if not self._replays.is_new(envelope.process, envelope.sent_at):
            self._rejected.add()
            return
        try:
            self._on_messages(UUID(channel.rpartition(":")[2]), envelope.process, envelope.messages)
        except Exception:  # one room's trouble must not cut off the others
            log.exception("a message from another process could not be taken in")

    async def _publish_pending(self, redis: Redis) -> None:
        """Everything said since the last time goes out in one round trip."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            out, self._out = self._out, defaultdict(list)
            people, self._presence_key = self._presence_key, {}
            async with redis.pipeline(transaction=False) as pipe:
                for room, peers in people.items():
                    key = _presence_key(room)
                    value = msgspec.msgpack.encode((time.time() + PRESENCE_TTL, peers))
                    place = _people_of(room, self.process)
                    pipe.hset(key, self.process, signing.seal(place, value))
                    pipe.expire(key, PRESENCE_TTL * 2)
                for channel, messages in out.items():
                    pipe.publish(channel, seal_messages(channel, self.process, messages))
                await pipe.execute()
            self._caught_up_until = timezone.now() - REWIND


_stamps = signing.Stamps()


def seal_messages(channel: str, process: str, messages: list[BusMessage]) -> bytes:
    """To be published in the order in which they are made, those of one `process`."""
    return signing.seal(channel, pack(process, _stamps.next(), messages))


def channel_of(room: UUID) -> str:
    return f"kreida:{signing.installation()}:room:{room}"


def _idle() -> str:
    """Keeps the subscription open while there is no room."""
    return f"kreida:{signing.installation()}:idle"


def _presence_key(room: UUID) -> str:
    return f"kreida:{signing.installation()}:people:{room}"


def _people_of(room: UUID, process: str) -> str:
    """One process's entry there, for its signature."""
    return f"{_presence_key(room)}:{process}"
