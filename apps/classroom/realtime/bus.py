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

from apps.classroom.realtime import envelopes
from apps.classroom.realtime.messages import BusMessage, pack, unpack
from apps.classroom.realtime.presence import Present
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
    def remember(self, room: UUID, peers: list[Present]) -> None: ...
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

    def remember(self, room: UUID, peers: list[Present]) -> None:
        pass

    async def stop(self) -> None:
        pass


Hear = Callable[[UUID, str, list[BusMessage]], None]
Heal = Callable[[datetime], None]


class RedisBus:
    """Messages by publish/subscribe, one channel a room; who is where, in a hash a room.

    `hear` gets what other processes say. When Redis has been away, what was published meanwhile
    is lost; `heal` is called once it is back with the time since when, and makes good for it. It
    must not wait for the database, which may be away itself.
    """

    def __init__(self, url: str, *, hear: Hear, heal: Heal) -> None:
        self.process = uuid.uuid4().hex
        self.connected = False
        self._heard_until = timezone.now()
        self._url, self._hear, self._heal = url, hear, heal
        self._rooms: set[UUID] = set()
        self._out: dict[str, list[BusMessage]] = defaultdict(list)
        self._people: dict[UUID, list[Present]] = {}
        self._wake = asyncio.Event()
        self._redis: Redis | None = None
        self._pubsub: PubSub | None = None
        self._subscribed: dict[str, asyncio.Future[None]] = {}
        self._foreign = envelopes.RejectedCount()
        self._replays = envelopes.ReplayGuard()
        self._task = supervise("redis-bus", self._keep_connected)

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
            stored: dict[Any, Any] = await self._redis.hgetall(_people(room))
        except (RedisError, OSError, TimeoutError):
            return {}
        return dict(self._read_people(room, stored))

    def _read_people(
        self, room: UUID, stored: dict[bytes, bytes]
    ) -> Iterator[tuple[str, list[Present]]]:
        for process, value in stored.items():
            try:
                place = _people_of(room, process.decode())
                until, peers = _PEERS.decode(envelopes.unseal(place, value))
            except (envelopes.BadSignature, msgspec.MsgspecError, UnicodeDecodeError):
                self._foreign.add()
                continue
            if until > time.time() and process.decode() != self.process:
                yield process.decode(), peers

    async def close(self, room: UUID) -> None:
        self._rooms.discard(room)
        self._people.pop(room, None)
        if self._redis is None or self._pubsub is None or not self.connected:
            return
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.unsubscribe(channel_of(room))
            await self._redis.hdel(_people(room), self.process)

    def publish(self, room: UUID, message: BusMessage) -> None:
        if not self.connected:
            return  # healing resynchronises
        self._out[channel_of(room)].append(message)
        self._wake.set()

    def remember(self, room: UUID, peers: list[Present]) -> None:
        self._people[room] = peers
        self._wake.set()

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _keep_connected(self) -> None:
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
                asyncio.create_task(self._speak(redis)),
            ]
            try:
                self._heal(self._heard_until)
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
                self._take(channel, message["data"])

    def _take(self, channel: str, payload: bytes) -> None:
        try:
            parcel = unpack(envelopes.unseal(channel, payload))
        except (envelopes.BadSignature, msgspec.MsgspecError):
            self._foreign.add()
            return
        if parcel.process == self.process:
            return
        if not self._replays.is_new(parcel.process, parcel.sent_at):
            self._foreign.add()
            return
        try:
            self._hear(UUID(channel.rpartition(":")[2]), parcel.process, parcel.messages)
        except Exception:  # one room's trouble must not cut off the others
            log.exception("a message from another process could not be taken in")

    async def _speak(self, redis: Redis) -> None:
        """Everything said since the last time goes out in one round trip."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            out, self._out = self._out, defaultdict(list)
            people, self._people = self._people, {}
            async with redis.pipeline(transaction=False) as pipe:
                for room, peers in people.items():
                    key = _people(room)
                    value = msgspec.msgpack.encode((time.time() + PRESENCE_TTL, peers))
                    place = _people_of(room, self.process)
                    pipe.hset(key, self.process, envelopes.seal(place, value))
                    pipe.expire(key, PRESENCE_TTL * 2)
                for channel, messages in out.items():
                    pipe.publish(channel, sealed(channel, self.process, messages))
                await pipe.execute()
            self._heard_until = timezone.now() - REWIND


_stamps = envelopes.Stamps()


def sealed(channel: str, process: str, messages: list[BusMessage]) -> bytes:
    """To be published in the order in which they are made, those of one `process`."""
    return envelopes.seal(channel, pack(process, _stamps.next(), messages))


def channel_of(room: UUID) -> str:
    return f"kreida:{envelopes.installation()}:room:{room}"


def _idle() -> str:
    """Keeps the subscription open while there is no room."""
    return f"kreida:{envelopes.installation()}:idle"


def _people(room: UUID) -> str:
    return f"kreida:{envelopes.installation()}:people:{room}"


def _people_of(room: UUID, process: str) -> str:
    """One process's entry there, for its signature."""
    return f"{_people(room)}:{process}"
