"""Limits on the sockets per ticket, person, address and room, and on rooms per process.

Each process counts its own sockets: nginx sends all sockets of a room to the same process.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings

from apps.classroom.policies import Person, Role
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.sockets import Refused
from apps.classroom.realtime.server.tickets import Ticket
from apps.common.addresses import address_key

# Per kind of socket, events or board. A stock Yjs client reconnects with the same ticket.
PER_TICKET = 4
PER_PERSON_AND_ROOM = 16
PER_PERSON = 64  # of both kinds, in all rooms
# Guests only, both kinds together, so that the tutor and the student can always enter.
PER_ADDRESS_AND_ROOM = 100
GUESTS_PER_ROOM = 200
MAX_ROOMS = 1000

Key = tuple[object, ...]


class SocketLimits:
    def __init__(self) -> None:
        self._open: Counter[Key] = Counter()
        # (ticket id, kind) -> (uses, expiry in Unix seconds)
        self._ticket_uses: dict[tuple[str, str], tuple[int, int]] = {}

    def count_ticket_use(self, ticket: Ticket, kind: str) -> None:
        """Count one use. Raises Refused if the ticket has no uses of this kind left."""
        used, _expires = self._ticket_uses.get((ticket.id, kind), (0, 0))
        if used >= PER_TICKET and settings.THROTTLING:
            raise Refused(Close.BAD_TICKET)
        self._ticket_uses[ticket.id, kind] = (used + 1, ticket.expires)
        self._forget_expired()

    def _forget_expired(self) -> None:
        """Forget expired tickets: the oldest come first, and all are valid for the same time."""
        now = time.time()
        while self._ticket_uses:
            first = next(iter(self._ticket_uses))
            if self._ticket_uses[first][1] > now:
                return
            del self._ticket_uses[first]

    @contextmanager
    def socket(self, room: UUID, person: Person, address: str, kind: str) -> Iterator[None]:
        """Count one socket while the context is open. Raises Refused at a limit."""
        keys = list(_limits(room, person, address, kind))
        if settings.THROTTLING and any(self._open[key] >= limit for key, limit in keys):
            raise Refused(Close.FLOOD)
        self._open.update(key for key, _limit in keys)
        try:
            yield
        finally:
            self._open.subtract(key for key, _limit in keys)
            for key, _limit in keys:
                if self._open[key] <= 0:
                    del self._open[key]


def _limits(room: UUID, person: Person, address: str, kind: str) -> Iterator[tuple[Key, int]]:
    yield ("person and room", person.key, room, kind), PER_PERSON_AND_ROOM
    yield ("person", person.key), PER_PERSON
    if person.role is Role.GUEST:
        yield ("address and room", address_key(address), room), PER_ADDRESS_AND_ROOM
        yield ("guests", room), GUESTS_PER_ROOM
