"""Limits of one board and of one person on it; docs/security.md has the table.

The cost of a frame for the event loop is counted in steps of about a microsecond.
"""

import time
from collections import defaultdict
from uuid import UUID

from django.conf import settings

from apps.classroom.realtime.server.sockets import RateLimit

MIB = 1024 * 1024
# Bytes, about 12,000 strokes of handwriting. The subprocess that loads such a board needs ten times
# its bytes, and every client that joins gets all of it (docs/performance-room.md).
MAX_BOARD = 16 * MIB
# Shares of MAX_BOARD from which the room is notified that the board is nearly full, or full.
NEARLY_FULL, FULL = 0.8, 0.995
# Bytes that may come in before the next compaction, which follows within seconds.
MAX_GROWTH = 32 * MIB
# New client ids per person: a burst for a connection that breaks all the time, or for a browser
# that returns everybody's updates after the server lost some; then one per 30 s.
NEW_CLIENTS_RATE, NEW_CLIENTS_BURST = 1 / 30, 100
KEPT_AFTER_CLOSING = NEW_CLIENTS_BURST / NEW_CLIENTS_RATE  # seconds, until all are refilled
# Steps per person and board. When they are overdrawn, the person's sockets are not read until the
# debt is paid; with more than MAX_DEBT seconds of debt the socket is closed. A browser that sends a
# whole board of 16 MiB takes seconds longer because of it.
WORK_RATE, WORK_BURST = 100_000, 150_000
MAX_DEBT = 10.0
STEPS_PER_CURSOR = 5
# What a batch takes longer than its steps is charged too, unless it is less than this.
STEPS_PER_SECOND, UNCHARGED_STEPS = 1_000_000, 2_000
# Per item that yrs may have to compare with many others (origins.py), and how many times over the
# time is charged that it takes: people who draw on one element need microseconds.
STEPS_PER_CONFLICT, CONFLICT_WEIGHT = 1000, 10
# Comparisons that the conflicts of a board may take, in another order of its items, before they are
# measured by the next compaction.
MAX_UNMEASURED_COMPARISONS = 100_000_000
# How far a refused frame was read is unknown, so its whole length is charged.
STEPS_PER_REFUSED_BYTE = 0.2
# For frames sent: yrs encodes them, which is faster.
BYTES_PER_STEP = 100


class Budget:
    """A token bucket of steps that may be overdrawn; off under THROTTLING=off.

    It holds `burst` steps and refills by `rate` per second.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._is_off = not settings.THROTTLING
        self._rate, self._burst, self._steps = rate, burst, burst
        self._refilled_at = time.monotonic()

    def charge(self, steps: float) -> None:
        self._refill()
        self._steps -= steps

    def debt(self) -> float:
        """Return the seconds until the overdrawn steps are refilled."""
        if self._steps >= 0 or self._is_off:
            return 0.0
        self._refill()
        return max(0.0, -self._steps / self._rate)

    def _refill(self) -> None:
        now = time.monotonic()
        steps = self._steps + (now - self._refilled_at) * self._rate
        self._steps = steps if steps < self._burst else self._burst
        self._refilled_at = now


class PersonLimits:
    """The limits of one person on one board, over all their sockets."""

    def __init__(self) -> None:
        self.work = Budget(WORK_RATE, WORK_BURST)
        self._new_clients = RateLimit(NEW_CLIENTS_RATE, NEW_CLIENTS_BURST)
        self._counted_clients: set[int] = set()

    def allow_new_clients(self, clients: set[int]) -> bool:
        """Count new client ids, each only once, and return whether they are within the limit."""
        new = clients - self._counted_clients
        if not new or self._new_clients.allows(len(new)):
            self._counted_clients |= new
            return True
        return False


PeopleLimits = defaultdict[str, PersonLimits]  # by person


class RoomLimits:
    """The limits of each room's people, kept until they are refilled after the room has closed:
    otherwise leaving an empty room would renew them."""

    def __init__(self) -> None:
        self._people: dict[UUID, PeopleLimits] = {}
        self._closed_at: dict[UUID, float] = {}  # of closed rooms, the oldest first

    def open(self, room: UUID) -> PeopleLimits:
        self._closed_at.pop(room, None)
        return self._people.setdefault(room, PeopleLimits(PersonLimits))

    def close(self, room: UUID) -> None:
        now = self._closed_at[room] = time.monotonic()
        for closed, at in list(self._closed_at.items()):
            if now - at < KEPT_AFTER_CLOSING:
                break
            del self._closed_at[closed], self._people[closed]
