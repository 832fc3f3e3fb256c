"""One accepted WebSocket: a bounded send queue, a rate limit, and closing with a code."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from apps.classroom.policies import Person, Refusal
from apps.classroom.realtime.events.protocol import Close

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Beyond this a slow client is closed: resynchronising it costs less than queueing for it.
MAX_QUEUED_BYTES = 4 * 1024 * 1024
MAX_QUEUED_FRAMES = 10_000
# Seconds a closing socket has to send its close frame.
CLOSE_TIMEOUT = 5.0
# Seconds one frame may take to leave the process; after that the client is considered dead. The
# registry looks once a second: a timer for each frame would cost more than sending it.
WRITE_TIMEOUT = 30.0


CLOSE_CODES = {
    Refusal.CANCELLED: Close.CANCELLED,
    Refusal.NOT_CONFIRMED: Close.FORBIDDEN,
    Refusal.REMOVED: Close.FORBIDDEN,
    Refusal.SIGNED_OUT: Close.BAD_TICKET,
    Refusal.NO_RIGHT: Close.FORBIDDEN,
    Refusal.NOT_A_MEMBER: Close.FORBIDDEN,
    Refusal.PARTICIPATION_CANCELLED: Close.FORBIDDEN,
    Refusal.INVITE_REPLACED: Close.INVITE_OVER,
    Refusal.INVITE_EXPIRED: Close.INVITE_OVER,
    Refusal.LESSON_OVER: Close.INVITE_OVER,
}


class Refused(Exception):
    """Close the socket with `code`."""

    def __init__(self, code: Close) -> None:
        super().__init__(code)
        self.code = code


def _queue_cost(frame: bytes | str) -> int:
    """Return the bytes a frame counts for in the queue.

    A whole board (at most two frames) may be larger than the queue, so a frame counts for at most
    a quarter of it, which leaves space for the updates that follow.
    """
    return min(len(frame), MAX_QUEUED_BYTES // 4)


class RateLimit:
    """A token bucket of `burst` that refills by `rate` per second; off under THROTTLING=off."""

    __slots__ = ("_burst", "_is_off", "_rate", "_refilled_at", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._is_off = not settings.THROTTLING
        self._rate, self._burst, self._tokens = rate, burst, burst
        self._refilled_at = time.monotonic()

    def allows(self, cost: float = 1) -> bool:
        if self._is_off:
            return True
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._refilled_at) * self._rate)
        self._refilled_at = now
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True


class Socket:
    """`push` never waits: one task per socket writes the queue. Only the first `close` counts."""

    def __init__(self, send: Send, person: Person, peer: UUID, address: str = "") -> None:
        self.address = address  # of the client, for the security log
        self._send = send
        self.person = person
        self.peer = peer
        self.since = timezone.now()
        self.closing: int | None = None
        self._queue: deque[bytes | str] = deque()
        self._queued_bytes = 0
        self._wake: asyncio.Future[None] | None = None
        self._writing_since: float | None = None  # on the monotonic clock, while a frame is sent
        self._closing_since: float | None = None

    @property
    def queued_bytes(self) -> int:
        return self._queued_bytes

    def push(self, frame: bytes | str) -> None:
        if self.closing is not None:
            return
        size = self._queued_bytes + _queue_cost(frame)
        if size > MAX_QUEUED_BYTES or len(self._queue) >= MAX_QUEUED_FRAMES:
            self.close(Close.TOO_SLOW)
        else:
            self._queue.append(frame)
            self._queued_bytes = size
            self._wake_writer()

    def close(self, code: int) -> None:
        """Close after sending the queue; for TOO_SLOW the queue is discarded."""
        if self.closing is None:
            self.closing = code
            if code == Close.TOO_SLOW:
                self._queue.clear()
                self._queued_bytes = 0
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self._abort)
            self._wake_writer()

    async def run_writer(self) -> None:
        """Send queued frames until the socket is closed, then send the close frame."""
        while True:
            while self._queue:
                frame = self._queue.popleft()
                self._queued_bytes -= _queue_cost(frame)
                kind = "bytes" if isinstance(frame, bytes) else "text"
                self._writing_since = time.monotonic()
                await self._send({"type": "websocket.send", kind: frame})
                self._writing_since = None
                del frame  # it would stay in memory until the next one
            if self.closing is not None:
                await self._send({"type": "websocket.close", "code": int(self.closing)})
                return
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake

    def _wake_writer(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def abort_if_stalled(self) -> None:
        """Abort a transport that has been sending one frame for longer than WRITE_TIMEOUT, or
        closing for longer than CLOSE_TIMEOUT.

        It would wait forever to send its last bytes to a client that does not read, and the person
        would be shown as present.
        """
        since = self._writing_since
        if since is not None and time.monotonic() - since > WRITE_TIMEOUT:
            self.closing = Close.TOO_SLOW
            self._abort()
            return
        transport = self._transport()
        if transport is None or not transport.is_closing():
            self._closing_since = None
        elif self._closing_since is None:
            self._closing_since = time.monotonic()
        elif time.monotonic() - self._closing_since > CLOSE_TIMEOUT:
            transport.abort()

    def _abort(self) -> None:
        transport = self._transport()
        if transport is not None:
            transport.abort()

    def _transport(self) -> asyncio.Transport | None:
        """Return uvicorn's transport, found through the bound method `send`.

        ASGI cannot abort a connection, and a client that does not read accepts no close frame.
        """
        return getattr(getattr(self._send, "__self__", None), "transport", None)
