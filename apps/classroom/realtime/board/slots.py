"""The slots of a board: each key of one of its maps, such as an element of a page, and which Yjs
items belong to it.

An update that replaces an element names the item it replaces, not the element; a deletion names
only clocks. The index finds the slot for both, without values, so that the server can refuse an
update before it is applied.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from apps.classroom.realtime.board.update_scan import (
    DELETED,
    GC,
    HAS_KEY,
    HAS_ORIGIN,
    HAS_RIGHT_ORIGIN,
    SKIP,
    ItemId,
    Run,
    Scan,
    Scanner,
)

# Of one board, whose honest ones have some 10,000 of each. Beyond, items belong to no known slot.
MAX_SLOTS, MAX_RUNS = 100_000, 200_000
# Items of one slot that replace no other; an honest one has one.
MAX_ROOTS = 20


class Item(NamedTuple):
    """The place of a struct, without its content. A collected one has no place."""

    client: int
    clock: int
    length: int
    origin: ItemId | None = None
    right_origin: ItemId | None = None
    parent: str | ItemId | None = None  # a map of the document, or an item that holds a map
    key: str | None = None
    can_be_deleted: bool = False

    @property
    def neighbour(self) -> ItemId | None:
        """The item with the same parent and key, or else the parent."""
        return (
            self.origin
            or self.right_origin
            or (self.parent if isinstance(self.parent, tuple) else None)
        )

    @property
    def end(self) -> int:
        return self.clock + self.length

    def tail_from(self, clock: int) -> "Item":
        """Return the part from `clock` on, which yrs places behind the part before it, whatever
        place the item names."""
        tail = self._replace(clock=clock, length=self.end - clock)
        if self.neighbour is None and self.parent is None:  # collected
            return tail
        return tail._replace(origin=(self.client, clock - 1), parent=None, key=None)


class Slot:
    """`roots` are the items that replace no other: the first, which created the slot."""

    __slots__ = ("key", "map", "roots")

    def __init__(self, map_: str, key: str | None) -> None:
        self.map, self.key = map_, key
        self.roots: list[ItemId] = []


UNKNOWN = Slot("", None)
UNKNOWN.roots += [(0, 0)] * (MAX_ROOTS + 1)


def read_items(update: bytes) -> list[Item]:
    """Read the items of an update that was scanned before. Raises Malformed."""
    scanner = _ItemScanner(update, is_stored=True)
    scanner.scan()
    return scanner.items


def unknown_items(items: Iterable[Item], clocks: Mapping[int, int]) -> list[Item]:
    """Return the items beyond `clocks`, without their known parts."""
    unknown = ((item, clocks.get(item.client, 0)) for item in items)
    return [
        item if item.clock >= known else item.tail_from(known)
        for item, known in unknown
        if item.end > known
    ]


def with_items(scanned: Scan) -> Scan:
    return scanned._replace(items=read_items(scanned.update))


class SlotIndex:
    def __init__(self) -> None:
        self._slots: dict[tuple[str, str | None], Slot] = {}
        # Per client, runs of items of one slot (None: collected): the clocks at which they begin.
        self._starts: defaultdict[int, list[int]] = defaultdict(list)
        self._runs: defaultdict[int, list[tuple[Slot | None, bool]]] = defaultdict(list)
        self._ends: dict[int, int] = {}
        self._run_count = 0

    def find(self, item: ItemId) -> Slot | None:
        """Return an item's slot, UNKNOWN if the item is; None for a collected item."""
        client, clock = item
        at = bisect_right(self._starts.get(client, ()), clock) - 1
        if at < 0 or clock >= self._ends[client]:
            return UNKNOWN
        return self._runs[client][at][0]

    def slots_in(self, run: Run) -> Iterator[Slot | None]:
        """Yield for each run of items in `run` the slot that a deletion would change, or None."""
        client, start, end = run
        starts, runs = self._starts.get(client, []), self._runs.get(client, [])
        if end > self._ends.get(client, 0):
            yield UNKNOWN
        for at in range(max(0, bisect_right(starts, start) - 1), len(starts)):
            if starts[at] >= end:
                break
            slot, can_be_deleted = runs[at]
            yield slot if can_be_deleted else None

    def add(self, items: Iterable[Item]) -> None:
        """Add the items of one update that are not known yet."""
        unknown = unknown_items(items, self._ends)
        for item, placed in zip(unknown, self.place(unknown), strict=True):
            slot = placed
            if slot is not None and slot is not UNKNOWN:
                slot = self._slots.setdefault((slot.map, slot.key), slot)
            is_added = self._append(item, slot)
            if is_added and _is_root(item) and slot is not None and len(slot.roots) <= MAX_ROOTS:
                slot.roots.append((item.client, item.clock))

    def _append(self, item: Item, slot: Slot | None) -> bool:
        """Add a run of items, unless the index is full; return whether it was added."""
        if self._run_count >= MAX_RUNS:
            return False
        if item.clock > self._ends.get(item.client, 0):  # those between were missed
            self._append_run(item.client, self._ends.get(item.client, 0), (UNKNOWN, True))
        self._append_run(item.client, item.clock, (slot, item.can_be_deleted))
        self._ends[item.client] = item.end
        return True

    def _append_run(self, client: int, start: int, entry: tuple[Slot | None, bool]) -> None:
        runs = self._runs[client]
        if not runs or runs[-1] != entry:
            runs.append(entry)
            self._starts[client].append(start)
            self._run_count += 1

    def place(self, items: Sequence[Item]) -> list[Slot | None]:
        """Return the slot of each item, a new one for a new key."""
        return _Placement(self, items).slots

    def named(self, map_: str, key: str | None) -> Slot | None:
        """Return the slot of a key that has, or had, a value; else None."""
        return self._slots.get((map_, key))

    @property
    def is_full(self) -> bool:
        return len(self._slots) >= MAX_SLOTS or self._run_count >= MAX_RUNS


def _is_root(item: Item) -> bool:
    return item.origin is None and not isinstance(item.parent, tuple)


class _Placement:
    """Finds the slots of items that are applied together and may depend on each other."""

    def __init__(self, index: SlotIndex, items: Sequence[Item]) -> None:
        self._index, self._items = index, items
        self._new: dict[tuple[str, str | None], Slot] = {}
        self._at: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)  # clock, position
        for position, item in enumerate(items):
            self._at[item.client].append((item.clock, position))
        for own in self._at.values():
            own.sort()  # of several updates, which may come in any order
        found: dict[int, Slot | None] = {}
        for position in range(len(items)):
            self._place(position, found)
        self.slots = [self._checked(item, found, at) for at, item in enumerate(items)]

    def _place(self, position: int, found: dict[int, Slot | None]) -> None:
        """Follow the neighbours to an item whose slot is known; all on the way share it."""
        path: dict[int, None] = {}
        slot: Slot | None = UNKNOWN  # of a circle
        while position not in path:
            if position in found:
                slot = found[position]
                break
            path[position] = None
            item = self._items[position]
            neighbour = item.neighbour
            if neighbour is None:
                slot = self._named(item)
                break
            local = self._position(neighbour)
            if local is None:
                slot = self._index.find(neighbour)
                break
            position = local
        found |= dict.fromkeys(path, slot)

    def _named(self, item: Item) -> Slot | None:
        if not isinstance(item.parent, str):
            return None
        name = item.parent, item.key
        slot = self._index.named(*name) or self._new.get(name)
        if slot is None:
            if self._index.is_full:
                return UNKNOWN
            slot = self._new[name] = Slot(*name)
        return slot

    def _position(self, item: ItemId) -> int | None:
        """Return where an item is in the update; None if it is not in it."""
        client, clock = item
        own = self._at.get(client)
        if own is None:
            return None
        at = bisect_right(own, (clock, len(self._items))) - 1
        if at < 0:
            return None
        position = own[at][1]
        return position if clock < self._items[position].end else None

    def _checked(self, item: Item, found: dict[int, Slot | None], at: int) -> Slot | None:
        """An item between items of two slots, which no client makes, belongs to neither."""
        if item.origin is None or item.right_origin is None:
            return found[at]
        local = self._position(item.right_origin)
        other = self._index.find(item.right_origin) if local is None else found[local]
        return found[at] if other is found[at] else UNKNOWN


class _ItemScanner(Scanner):
    """Records the place of each struct; the values were checked before."""

    def __init__(self, update: bytes, *, is_stored: bool) -> None:
        super().__init__(update, is_stored=is_stored)
        self.items: list[Item] = []
        self._dependencies: list[ItemId] = []
        self._parent: tuple[str | ItemId | None, str | None] = None, None

    def _read_struct(self, kind: int, info: int, begun: int) -> int:
        self._dependencies, self._parent = [], (None, None)
        client, clock = self._client, self._clock
        length = super()._read_struct(kind, info, begun)
        if kind == SKIP:
            return length
        if kind == GC:
            self.items.append(Item(client, clock, length))
            return length
        neighbours = iter(self._dependencies)
        origin = next(neighbours) if info & HAS_ORIGIN else None
        right = next(neighbours) if info & HAS_RIGHT_ORIGIN else None
        parent, key = self._parent
        self.items.append(Item(client, clock, length, origin, right, parent, key, kind != DELETED))
        return length

    def _read_dependency(self) -> ItemId:
        dependency = super()._read_dependency()
        self._dependencies.append(dependency)
        return dependency

    def _read_parent(self, info: int) -> tuple[str | ItemId, str]:
        parent, key = super()._read_parent(info)
        self._parent = parent, (key if info & HAS_KEY else None)
        return parent, key

    def _is_valid(self, value: object) -> bool:
        return True
