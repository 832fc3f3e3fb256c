"""Limits on the sockets per person, address and room, and on rooms per process.

Each process counts its own sockets: nginx sends all sockets of a room to the same process.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings

from apps.classroom.policies import Person, Role
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.sockets import Refused
from apps.common.addresses import address_key

PER_PERSON_AND_ROOM = 16  # of one kind, events or board
PER_PERSON = 64  # of both kinds, in all rooms
# Guests only, both kinds together, so that the tutor and the student can always enter.
PER_ADDRESS_AND_ROOM = 100
GUESTS_PER_ROOM = 200
MAX_ROOMS = 1000

Key = tuple[object, ...]


class SocketLimits:
    def __init__(self) -> None:
        self._open: Counter[Key] = Counter()

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
