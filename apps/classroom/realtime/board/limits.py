"""What one board may hold, and what one person may ask of it; docs/security.md has the table.

What an update or a question costs the event loop is counted in steps, of about a microsecond each.
"""

import time

from django.conf import settings

from apps.classroom.realtime.server.sockets import RateLimit

MIB = 1024 * 1024
# Some 12,000 strokes of handwriting. A process of its own opens it and takes ten times its bytes,
# and it is sent whole to each who joins (docs/performance-room.md).
MAX_BOARD = 16 * MIB
# From which share of it on the room is told, and from which it is told that no more goes in.
NEARLY_FULL, FULL = 0.8, 0.995
# What may come in before the board is folded again; that follows within seconds.
MAX_GROWTH = 32 * MIB
# New ids of one person: those of a morning in which the line breaks all the time, or those that a
# returning browser brings of everybody after the server lost some time. Then one each 30 s.
NEW_CLIENTS_RATE, NEW_CLIENTS_BURST = 1 / 30, 100
# Of one person on one board. Past the burst nothing of theirs is read until they have paid it off;
# a board of 16 MiB that comes whole from one browser takes seconds more for it. Past PATIENCE
# seconds of debt their socket is closed.
WORK_RATE, WORK_BURST = 100_000, 150_000
MAX_DEBT = 10.0
STEPS_PER_CURSOR = 5
# Of a frame that is refused it is not known how far it was read.
STEPS_PER_REFUSED_BYTE = 0.2
# Encoding is yrs's work, and faster.
BYTES_PER_STEP = 100


class Budget:
    """Steps, of which `burst` are there at once and `rate` more each second; off under
    THROTTLING=off. More may be spent than there is, and is waited for after."""

    def __init__(self, rate: float, burst: float) -> None:
        self._off = not settings.THROTTLING
        self._rate, self._burst, self._left = rate, burst, burst
        self._at = time.monotonic()

    def charge(self, steps: float) -> None:
        self._refill()
        self._left -= steps

    def debt(self) -> float:
        """Seconds until it is paid off."""
        self._refill()
        return 0.0 if self._off else max(0.0, -self._left / self._rate)

    def _refill(self) -> None:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now


class PersonLimits:
    """Of one person on one board, over all their sockets."""

    def __init__(self) -> None:
        self.work = Budget(WORK_RATE, WORK_BURST)
        self._new_clients = RateLimit(NEW_CLIENTS_RATE, NEW_CLIENTS_BURST)
        self._introduced: set[int] = set()

    def may_introduce(self, clients: set[int]) -> bool:
        """An id counts once, however often it comes before it is known."""
        new = clients - self._introduced
        if not new or self._new_clients.allows(len(new)):
            self._introduced |= new
            return True
        return False
