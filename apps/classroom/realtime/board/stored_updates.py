"""Finds what updates of early releases may contain and later ones refuse."""

from typing import Any

from pycrdt import merge_updates

from apps.classroom.merging import catch_panics
from apps.classroom.realtime.board.update_scan import Scanner
from apps.classroom.realtime.board.values import may_nest_too_deeply
from apps.classroom.realtime.board.varints import Malformed, read_varint


def remove_deep_values(update: bytes) -> bytes:
    """Return a stored update without the values that nest too deeply; the same one if it has none
    or cannot be scanned."""
    if not may_nest_too_deeply(update):
        return update
    try:
        return _NestingScanner(update, is_stored=True).scan().update
    except Malformed:
        return update


def names_client_twice(update: bytes) -> bool:
    """Whether a stored update has two blocks of one client, from before they were refused: yrs
    overwrites the items of the first, and may crash."""
    try:
        named = read_varint(update, 0)[0]
        if named < 2 or _has_clients(update, named):
            return False
        scanner = _ClientScanner(update, is_stored=True)
        scanner.scan()
    except Malformed:
        return False  # yrs decides
    return scanner.has_repeated_client


def _has_clients(update: bytes, number: int) -> bool:
    """Whether yrs finds so many clients in an update; False also where it might crash.

    Takes a tenth of the time of a scan. Most rows of a board on which several people draw name
    several clients, and each compaction reads them all.
    """
    if may_nest_too_deeply(update):
        return False
    try:
        return read_varint(catch_panics(merge_updates, update), 0)[0] == number
    except ValueError:
        return False


class _ClientScanner(Scanner):
    """Notices clients with several blocks; the values do not matter."""

    def __init__(self, update: bytes, *, is_stored: bool) -> None:
        super().__init__(update, is_stored=is_stored)
        self._clients: set[int] = set()
        self.has_repeated_client = False

    def _begin_client(self, client: int, clock: int) -> None:
        self.has_repeated_client |= client in self._clients
        self._clients.add(client)

    def _is_valid(self, value: Any) -> bool:
        return True


class _NestingScanner(Scanner):
    """Finds values that nest too deeply, and no other invalid elements."""

    def _is_valid(self, value: Any) -> bool:
        return True
