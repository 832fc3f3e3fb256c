"""One accepted WebSocket: a bounded queue out, a rate limit in, and one way to close it."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from apps.classroom.policies import Person
from apps.classroom.realtime.events.protocol import Close

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# A reader this far behind is cheaper to resynchronise than to wait for.
MAX_QUEUED_BYTES = 4 * 1024 * 1024
MAX_QUEUED_FRAMES = 10_000
# How long a closing socket may take to let its close frame out, in seconds.
GRACE = 5.0
# How long one frame may take to leave the process, in seconds: after that nobody reads.
WRITE_TIMEOUT = 30.0


class Refused(Exception):
    """The socket is to be closed with `code`."""

    def __init__(self, code: Close) -> None:
        super().__init__(code)
        self.code = code


def _weight(frame: bytes | str) -> int:
    """A whole board may be larger than the queue, and others draw while it goes out; it comes in
    two frames at most."""
    return min(len(frame), MAX_QUEUED_BYTES // 4)


class RateLimit:
    """A bucket that holds `burst` and refills by `rate` a second; off under THROTTLING=off."""

    __slots__ = ("_at", "_burst", "_left", "_off", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._off = not settings.THROTTLING
        self._rate, self._burst, self._left = rate, burst, burst
        self._at = time.monotonic()

    def allows(self, cost: float = 1) -> bool:
        if self._off:
            return True
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        self._left -= cost
        return self._left >= 0


class Socket:
    """`push` never waits; one task per socket writes. Closing is asked for once, with a code."""

    def __init__(self, send: Send, person: Person, peer: UUID) -> None:
        self._send = send
        self.person = person
        self.peer = peer
        self.since = timezone.now()
        self.closing: int | None = None
        self._out: deque[bytes | str] = deque()
        self._queued = 0
        self._wake: asyncio.Future[None] | None = None
        self._closing_since: float | None = None

    def push(self, frame: bytes | str) -> None:
        if self.closing is not None:
            return
        full = self._queued + _weight(frame) > MAX_QUEUED_BYTES
        if full or len(self._out) >= MAX_QUEUED_FRAMES:
            self.close(Close.TOO_SLOW)
        else:
            self._out.append(frame)
            self._queued += _weight(frame)
            self._wake_writer()

    def close(self, code: int) -> None:
        """What is queued goes out first, unless the reader is too slow for it."""
        if self.closing is None:
            self.closing = code
            if code == Close.TOO_SLOW:
                self._out.clear()
                self._queued = 0
            asyncio.get_running_loop().call_later(GRACE, self._abort)
            self._wake_writer()

    async def run_writer(self) -> None:
        """Runs until the socket is closed; ends by sending the close frame."""
        while True:
            while self._out:
                frame = self._out.popleft()
                self._queued -= _weight(frame)
                kind = "bytes" if isinstance(frame, bytes) else "text"
                try:
                    async with asyncio.timeout(WRITE_TIMEOUT):
                        await self._send({"type": "websocket.send", kind: frame})
                except TimeoutError:
                    self.closing = Close.TOO_SLOW
                    self._abort()
                    return
            if self.closing is not None:
                await self._send({"type": "websocket.close", "code": int(self.closing)})
                return
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake

    def _wake_writer(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def drop_if_dead(self) -> None:
        """A transport that waits to send its last bytes to somebody who does not read waits for
        ever, and with it whoever is shown as present."""
        transport = self._transport()
        if transport is None or not transport.is_closing():
            self._closing_since = None
        elif self._closing_since is None:
            self._closing_since = time.monotonic()
        elif time.monotonic() - self._closing_since > GRACE:
            transport.abort()

    def _abort(self) -> None:
        transport = self._transport()
        if transport is not None:
            transport.abort()

    def _transport(self) -> asyncio.Transport | None:
        """A peer that does not read takes no close frame either, and ASGI has no word for
        dropping it: uvicorn's transport, whose bound method `send` is, has."""
        return getattr(getattr(self._send, "__self__", None), "transport", None)
