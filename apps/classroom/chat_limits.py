"""Limits of chat: bytes per minute and stored messages per day of a person, messages of a room.

The counters are in the cache, so that their cost does not grow with the messages of a room.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from apps.common.counters import count_up
from apps.common.errors import throttled

MINUTE, DAY = 60, 24 * 60 * 60  # seconds
BYTES_PER_MINUTE = 1024 * 1024  # of one person in one room, in UTF-8
MESSAGES_PER_DAY = 5000  # of one person in one room
# Of a room, since a guest may come back as another person while the lobby is off.
ROOM_MESSAGES_PER_DAY = 20_000


class _Counter(NamedTuple):
    key: str
    window: int
    maximum: int
    amount: int  # that the message adds


def check_chat_limits(*, session_id: int, person: str, text: str) -> None:
    """Raise `throttled` if storing one more message would exceed a limit."""
    if not settings.THROTTLING:
        return
    counters = list(_counters(session_id, person, text))
    counts = cache.get_many([counter.key for counter in counters])
    for counter in counters:
        if counts.get(counter.key, 0) + counter.amount > counter.maximum:
            wait = counter.window - int(time.time()) % counter.window
            raise throttled(wait, _("Too many chat messages. Try again later."))


def count_stored_message(*, session_id: int, person: str, text: str) -> None:
    """Count a new message; one that is sent again is stored and counted only once."""
    for counter in _counters(session_id, person, text):
        count_up(counter.key, counter.amount, counter.window)


def _counters(session_id: int, person: str, text: str) -> Iterator[_Counter]:
    minute, day = int(time.time()) // MINUTE, int(time.time()) // DAY
    of_room = f"chat:{session_id}"
    size = len(text.encode())
    yield _Counter(f"{of_room}:{person}:bytes:{minute}", MINUTE, BYTES_PER_MINUTE, size)
    yield _Counter(f"{of_room}:{person}:{day}", DAY, MESSAGES_PER_DAY, 1)
    yield _Counter(f"{of_room}:{day}", DAY, ROOM_MESSAGES_PER_DAY, 1)
