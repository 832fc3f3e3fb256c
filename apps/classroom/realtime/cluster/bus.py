"""Publish/subscribe between the processes that serve a room: Redis, or nothing with one process.

Channels and keys carry the installation's id and everything written is signed, so that several
installations may share one Redis. A replayed message is rejected.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.conf import settings

from apps.classroom.realtime.cluster import signing
from apps.classroom.realtime.cluster.messages import BusMessage, pack
from apps.classroom.realtime.events.presence import Present


class Bus(Protocol):
    """Connects the processes that share rooms; `process` is this process's id."""

    process: str
    connected: bool

    async def open(self, room: UUID) -> dict[str, list[Present]]: ...
    async def close(self, room: UUID) -> None: ...
    def publish(self, room: UUID, message: BusMessage) -> None: ...
    def store_presence(self, room: UUID, peers: list[Present]) -> None: ...
    async def stop(self) -> None: ...


OnMessages = Callable[[UUID, str, list[BusMessage]], None]
OnReconnect = Callable[[datetime], None]


class NoBus:
    """Does nothing: there is only one process."""

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


def make_bus(*, on_messages: OnMessages, on_reconnect: OnReconnect) -> Bus:
    """redis-py is loaded only where there is a REDIS_URL; it takes 7 MB."""
    if not settings.REDIS_URL:
        return NoBus()
    from apps.classroom.realtime.cluster.redis_bus import RedisBus  # noqa: PLC0415

    return RedisBus(settings.REDIS_URL, on_messages=on_messages, on_reconnect=on_reconnect)


_timestamps = signing.Timestamps()


def seal_messages(channel: str, process: str, messages: list[BusMessage]) -> bytes:
    """Encode and sign messages; those of one process must be published in the order sealed."""
    return signing.seal(channel, pack(process, _timestamps.next(), messages))


def channel_of(room: UUID) -> str:
    return f"kreida:{signing.installation()}:room:{room}"
