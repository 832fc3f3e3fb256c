"""One accepted WebSocket: a bounded queue out, a rate limit in, and one way to close it."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.classroom.policies import Person
from apps.classroom.realtime.protocol import Close

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# A reader this far behind is cheaper to resynchronise than to wait for.
MAX_QUEUED_BYTES = 4 * 1024 * 1024
MAX_QUEUED_FRAMES = 10_000
# How long a closing socket may take to let its close frame out, in seconds.
GRACE = 5.0


class Refused(Exception):
    """The socket is to be closed with `code`."""

    def __init__(self, code: Close) -> None:
        super().__init__(code)
        self.code = code


class RateLimit:
    """A bucket that holds `burst` and refills by `rate` a second; off under THROTTLING=off."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left = rate, burst, burst
        self._at = time.monotonic()

    def allows(self, cost: float = 1) -> bool:
        if not settings.THROTTLING:
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
        self.closing: int | None = None
        self._out: deque[bytes | str] = deque()
        self._queued = 0
        self._largest = 0
        self._wake: asyncio.Future[None] | None = None

    def push(self, frame: bytes | str) -> None:
        if self.closing is not None:
            return
        # Besides one frame of any size: a large board, asked for by who has just come in.
        largest = max(self._largest, len(frame)) if self._out else len(frame)
        full = self._queued + len(frame) - largest > MAX_QUEUED_BYTES
        if full or len(self._out) >= MAX_QUEUED_FRAMES:
            self.close(Close.TOO_SLOW)
        else:
            self._out.append(frame)
            self._queued += len(frame)
            self._largest = largest
            self._rouse()

    def close(self, code: int) -> None:
        """What is queued goes out first, unless the reader is too slow for it."""
        if self.closing is None:
            self.closing = code
            if code == Close.TOO_SLOW:
                self._out.clear()
                self._queued = 0
            asyncio.get_running_loop().call_later(GRACE, self._abort)
            self._rouse()

    async def write_out(self) -> None:
        """Runs until the socket is closed; ends by sending the close frame."""
        while True:
            while self._out:
                frame = self._out.popleft()
                self._queued -= len(frame)
                kind = "bytes" if isinstance(frame, bytes) else "text"
                await self._send({"type": "websocket.send", kind: frame})
            if self.closing is not None:
                await self._send({"type": "websocket.close", "code": int(self.closing)})
                return
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _abort(self) -> None:
        """A peer that does not read takes no close frame either, and ASGI has no word for
        dropping it: uvicorn's transport, whose bound method `send` is, has."""
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()
