"""The items of a document that have, or had, another item placed behind them: its used origins.

yrs places an item behind its origin. If nothing was placed there before, it compares the item with
at most one other; else perhaps with all that were placed behind that origin and behind those.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from apps.classroom.realtime.board.deletions import DeleteSet
from apps.classroom.realtime.board.update_scan import ItemId, Placed, Run, scan_trusted
from apps.classroom.realtime.board.varints import Malformed

# Runs of used origins in memory. Beyond, every item with an origin counts as a conflict.
MAX_RUNS = 100_000


class Origins:
    """`conflicts` counts the items added that yrs may have compared with many others, `items` all
    that it may compare them with."""

    def __init__(self, runs: Iterable[Run] = (), items: int = 0) -> None:
        self._used = DeleteSet(runs)
        self.items, self.conflicts = items, 0

    def runs(self) -> list[Run]:
        return list(self._used)

    def add(self, placed: Sequence[Placed], inner: Iterable[Run]) -> None:
        self.items += len(placed)
        for _item, origin in placed:
            if origin is None or self._is_used(origin):
                self.conflicts += 1
            else:
                self._used.add((*origin, origin[1] + 1))
        for run in inner:
            if self._used.count < MAX_RUNS:
                self._used.add(run)

    @property
    def comparisons(self) -> int:
        """How many comparisons yrs makes at most for the conflicts, in whatever order it integrates
        the items; for edits of short lists of items it makes far fewer."""
        return self.conflicts * self.items

    def _is_used(self, origin: ItemId) -> bool:
        return self._used.count >= MAX_RUNS or self._used.contains((*origin, origin[1] + 1))

    def find_conflicts(self, placed: Iterable[Placed], inner_runs: Iterable[Run]) -> set[ItemId]:
        """Return those items of `placed`, the new ones of scans, that yrs may compare with many."""
        conflicts, seen = set[ItemId](), set[ItemId]()
        inner = DeleteSet(inner_runs)
        for item, origin in placed:
            if origin is None:
                conflicts.add(item)
                continue
            is_inner = inner.count and inner.contains((*origin, origin[1] + 1))
            if origin in seen or is_inner or self._is_used(origin):
                conflicts.add(item)
            seen.add(origin)
        return conflicts


def read_origins(*updates: bytes) -> Origins:
    """Read the origins of stored updates."""
    origins = Origins()
    with suppress(Malformed):  # stored by an early release
        for update in updates:
            scanned = scan_trusted(update)
            origins.add(scanned.placed, scanned.inner)
    return origins
