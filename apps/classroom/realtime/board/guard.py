"""Refuses changes of what the tutor has locked on a board, before they are applied.

A board has a guard while something is locked; it is kept for a while longer, and allows everything.
"""

from collections.abc import Collection, Sequence

from apps.classroom.policies import BoardEntry, BoardRules, Drawing, Person, may_change, may_draw
from apps.classroom.realtime.board.deletions import DeleteSet
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.slots import (
    MAX_ROOTS,
    UNKNOWN,
    Item,
    Slot,
    SlotIndex,
    read_items,
    unknown_items,
)
from apps.classroom.realtime.board.update_scan import Scan
from apps.classroom.realtime.board.yproto import read_state_vector
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.sockets import Refused

# Runs of items that one update of deletions may touch.
MAX_TOUCHED = 20_000


class BoardGuard:
    def __init__(
        self, document: Document, rules: BoardRules, index: SlotIndex, authors: dict[int, str]
    ) -> None:
        self._document, self._index, self._authors = document, index, authors
        self.set_rules(rules)

    def set_rules(self, rules: BoardRules) -> None:
        """Follow new rules, or the same ones again once other processes have sent what was missing.

        If a client id is missing, the board was perhaps rewritten with others: all of it is locked.
        """
        self.rules = rules
        self.locked_until = dict(read_state_vector(rules.locked_items))
        self._lacks_clients = self._misses_clients()
        if self._lacks_clients:
            self.locked_until = dict(self._document.clocks)

    def _misses_clients(self) -> bool:
        known = self._document.clocks
        return any(client not in known for client, _ in read_state_vector(self.rules.locked_items))

    @property
    def is_outdated(self) -> bool:
        return self._lacks_clients and not self._misses_clients()

    def add(self, scans: Sequence[Scan], new_part: bytes) -> None:
        """Add what was applied, whoever made it, to the index. Only `new_part` has the items of
        several updates in the order in which they were applied."""
        self._index.add(_items_of(scans[0]) if len(scans) == 1 else read_items(new_part))

    def check(self, scans: Sequence[Scan], person: Person | None) -> None:
        """Raise Refused if `person` (None: several people) may not make the changes of the updates;
        PendingDependency if that cannot be decided yet."""
        if not self.rules.lock_something or (person is not None and person.is_tutor):
            return
        if person is None or not may_draw(person, self.rules):
            raise Refused(Close.LOCKED)
        self._document.check_dependencies(scans)
        if not all(self._allows(slot, person) for slot in self._touched(scans, person)):
            raise Refused(Close.LOCKED)

    def _touched(self, scans: Sequence[Scan], person: Person) -> Collection[Slot]:
        """Return the slots that the updates would change."""
        clocks = self._document.clocks
        items = unknown_items((item for each in scans for item in _items_of(each)), clocks)
        if self.rules.drawing is Drawing.OWN and any(
            self._authors.get(item.client) != person.key for item in items
        ):
            return [UNKNOWN]  # the items would be somebody else's
        touched = {slot for slot in self._index.place(items) if slot is not None}
        return touched | self._deleted(scans)

    def _deleted(self, scans: Sequence[Scan]) -> set[Slot]:
        """Return the slots of the known items that the updates delete."""
        clocks, slots, count = self._document.clocks, set[Slot](), 0
        for client, start, end in DeleteSet(run for each in scans for run in each.deletions):
            known_end = min(end, clocks.get(client, 0))
            if start >= known_end:
                continue
            for gap in self._document.deletions.gaps((client, start, known_end)):
                for slot in self._index.slots_in(gap):
                    count += 1
                    if slot is not None:
                        slots.add(slot)
                    if count > MAX_TOUCHED:
                        return {UNKNOWN}
        return slots

    def _allows(self, slot: Slot, person: Person) -> bool:
        if slot is UNKNOWN:
            return False
        kind, _, page = slot.map.partition(":")
        roots, authors, until = slot.roots, self._authors, self.locked_until
        is_known = 0 < len(roots) <= MAX_ROOTS
        entry = BoardEntry(
            kind=kind,
            page=slot.key if kind == "pages" else page,
            exists=self._index.named(slot.map, slot.key) is not None,
            is_own=is_known and all(authors.get(client) == person.key for client, _ in roots),
            is_locked=not is_known or any(clock < until.get(client, 0) for client, clock in roots),
        )
        return may_change(self.rules, entry)


def _items_of(scanned: Scan) -> Sequence[Item]:
    return scanned.items if scanned.items is not None else read_items(scanned.update)
