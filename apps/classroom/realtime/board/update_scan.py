"""Scan a Yjs update (v1) before yrs applies it: the clocks it adds and needs, its deletions, and
its invalid elements.

The scan rejects what could crash yrs or a browser: values nested too deeply, content types that
only one of them knows, numbers that JavaScript cannot represent. Its cost depends on the update
alone and is counted in steps, which are charged to the sender.
"""

import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from pycrdt import write_var_uint as varint

from apps.classroom.elements import is_valid_element
from apps.classroom.realtime.board.values import (
    MAX_NESTING,
    NUMBERS,
    POINTS,
    NestedTooDeeply,
    ValueReader,
)
from apps.classroom.realtime.board.varints import Malformed

if TYPE_CHECKING:
    from apps.classroom.realtime.board.slots import Item

# Steps per update: values, structs and runs of deletions. 1 MiB of ordinary elements takes about
# 70,000.
MAX_STEPS = 100_000
# Client ids per update, as many as a board may have.
MAX_CLIENTS_PER_UPDATE = 5000
MAX_CLOCK = 2**31 - 1

GC, DELETED, _JSON, _BINARY, _TEXT, _EMBED, _FORMAT, _TYPE, ANY, _DOC, SKIP = range(11)
HAS_ORIGIN, HAS_RIGHT_ORIGIN, HAS_KEY = 0x80, 0x40, 0x20
_XML_ELEMENT, _XML_HOOK, _LAST_TYPE = 3, 5, 6
# The element properties that may hold an array matched by a regular expression.
_FAST_PROPERTIES = (("points", POINTS), ("pressures", NUMBERS))

Run = tuple[int, int, int]  # client, first clock, clock after the last
ItemId = tuple[int, int]  # client, clock
Placed = tuple[ItemId, ItemId | None]  # an item and the one on its left


class Scan(NamedTuple):
    update: bytes  # without the invalid elements
    runs: list[Run]  # the clocks that it adds, in its order
    # By client: the document must have all clocks below this one. Without the dependencies of
    # structs on earlier ones of their own client, which `runs` imply.
    needs: dict[int, int]
    deletions: list[Run]
    collected: list[Run]  # the clocks it adds without content, which yrs counts as deleted
    deletions_at: int  # where the deletions begin in `update`
    steps: int
    invalid_elements: int
    # Its items with the item on their left; None for one that yrs places by comparing in any case.
    # Not those that are the first in their key.
    placed: list[Placed]
    inner: list[Run]  # items that have their right neighbour in the same struct
    marked_deleted: int  # elements whose new state says that they are deleted
    items: "Sequence[Item] | None" = None  # only read for a board on which something is locked


class PendingDependency(Malformed):
    """A valid update that depends on one that has not arrived: `client` up to `clock`."""

    def __init__(self, client: int, clock: int) -> None:
        super().__init__("an update that it depends on is missing")
        self.client, self.clock = client, clock


def scan(update: bytes) -> Scan:
    """Scan an update. Raises Malformed, also if it takes more than MAX_STEPS steps."""
    return Scanner(update, is_stored=False).scan()


def scan_trusted(update: bytes) -> Scan:
    """Scan an update that the server made or stored, of any size. Raises Malformed.

    Values that nest too deeply, stored before updates were scanned, are invalid elements.
    """
    return Scanner(update, is_stored=True).scan()


def encode_deletions(runs: Iterable[Run]) -> bytes:
    """Encode deletions as they stand at the end of an update."""
    clients: defaultdict[int, list[bytes]] = defaultdict(list)
    for client, start, end in runs:
        clients[client].append(varint(start) + varint(end - start))
    parts = [varint(len(clients))]
    for client, own in clients.items():
        parts += [varint(client), varint(len(own)), *own]
    return b"".join(parts)


class Scanner(ValueReader):
    """Reads one update from start to end; of a stored one, any size and nesting."""

    def __init__(self, update: bytes, *, is_stored: bool) -> None:
        super().__init__(update, len(update) if is_stored else MAX_STEPS)
        self.is_stored = is_stored
        self.needs: dict[int, int] = {}
        self._client = self._clock = 0  # of the struct that is being read
        self.invalid_structs: list[tuple[int, int, int]] = []  # start, end, clocks
        self.collected: list[Run] = []
        self.placed: list[Placed] = []
        self.inner: list[Run] = []
        # How many items are put in the same place: between the same two items, or under one key.
        self._rivals: dict[object, int] = {}
        self.marked_deleted = 0
        self.replaced: set[tuple[int, int]] = set()  # (client, clock) the invalid ones replace
        self._replaced_clocks: defaultdict[int, list[int]] | None = None  # the same, sorted

    def scan(self) -> Scan:
        """Read the update. Raises Malformed."""
        try:
            return self._read_update()
        except (IndexError, UnicodeDecodeError, struct.error) as exc:
            raise Malformed("the update ends early or has invalid text") from exc

    def _read_update(self) -> Scan:
        runs, clients = list[Run](), set[int]()
        for _ in range(self._read_client_count()):
            structs, client, clock = self._read_number(), self._read_number(), self._read_number()
            if client in clients and not self.is_stored:
                raise Malformed("an update names a client twice")  # yrs may overwrite its items
            clients.add(client)
            start = clock
            self._client = client
            self._begin_client(client, clock)
            for _ in range(structs):
                self._clock = clock
                begun, info = self.at, self.data[self.at]
                self.at += 1
                kind = info & 0x1F
                length = self._read_struct(kind, info, begun)
                if kind == SKIP:
                    if clock > start:
                        runs.append((client, start, clock))
                    start = clock + length
                clock += length
                if length < 1 or clock > MAX_CLOCK:
                    raise Malformed("a clock is out of range")
                self._count_step()
            if clock > start:
                runs.append((client, start, clock))
        return self._finish(runs)

    def _finish(self, runs: list[Run]) -> Scan:
        """Read the deletions, which end the update, and leave out what is invalid."""
        deletions_at = self.at
        deletions = self._read_deletions()
        if self.at != len(self.data):
            raise Malformed("data follows the update")
        update = self.data
        if self.invalid_structs:
            deletions = [run for run in deletions if not self._deletes_replaced(run)]
            kept = self._encode_without_invalid(deletions_at)
            update, deletions_at = kept + encode_deletions(deletions), len(kept)
        return Scan(
            update,
            runs,
            self.needs,
            deletions,
            self.collected,
            deletions_at,
            self.steps,
            len(self.invalid_structs),
            self.placed,
            self.inner,
            self.marked_deleted,
        )

    def _begin_client(self, client: int, clock: int) -> None:
        """Called before the structs of each client; for subclasses."""

    def _read_client_count(self) -> int:
        """Read the number of clients that follow. Raises Malformed if there are too many."""
        count = self._read_number()
        if count > MAX_CLIENTS_PER_UPDATE and not self.is_stored:
            raise Malformed("too many clients in one update")
        return count

    def _read_dependency(self) -> tuple[int, int]:
        client, clock = self._read_number(), self._read_number()
        if client == self._client:
            if clock >= self._clock and not self.is_stored:
                raise Malformed("an item depends on itself or on a later one")
        elif clock >= self.needs.get(client, 0):
            self.needs[client] = clock + 1
            if len(self.needs) > MAX_CLIENTS_PER_UPDATE and not self.is_stored:
                raise Malformed("the update depends on too many clients")
        return client, clock

    # -- structs ----------------------------------------------------------------------------

    def _read_struct(self, kind: int, info: int, begun: int) -> int:
        """Read a struct after its info byte; return how many clocks it takes."""
        if kind in (GC, SKIP):
            if info != kind:  # yrs reads these bits otherwise
                raise Malformed("a gap has flags")
            length = self._read_number()
            if kind == GC:
                self._add_collected(length)
            return length
        origin = self._read_dependency() if info & HAS_ORIGIN else None
        right_origin = self._read_dependency() if info & HAS_RIGHT_ORIGIN else None
        if origin is right_origin is None:
            has_rivals = self._count_rivals(self._read_parent(info))
        else:  # placed in any case; a stored update is not charged for its steps
            has_rivals = self.is_stored or self._count_rivals((origin, right_origin))
        if origin or right_origin or has_rivals or not info & HAS_KEY:
            self.placed.append(((self._client, self._clock), origin))
        length, is_valid = self._read_content(kind)
        if length > 1:
            self.inner.append((self._client, self._clock, self._clock + length - 1))
        if not is_valid:
            self._add_collected(length)
            self.invalid_structs.append((begun, self.at, length))
            if origin is not None:
                self.replaced.add(origin)
        return length

    def _read_parent(self, info: int) -> tuple[str | ItemId, str]:
        """Read the parent of an item without neighbours, and its key."""
        parent = self._read_string() if self._read_number() == 1 else self._read_dependency()
        return parent, self._read_string() if info & HAS_KEY else ""

    def _count_rivals(self, place: object) -> bool:
        """Count a step for each earlier item in the same place, and return whether there are any:
        yrs and Yjs compare a new item with all of them."""
        rivals = self._rivals.get(place, 0)
        self._rivals[place] = rivals + 1
        if not self.is_stored:
            self.steps += rivals
        return rivals > 0

    def _read_content(self, kind: int) -> tuple[int, bool]:
        """Read a struct's content; return how many clocks it takes and whether it is valid."""
        read_content = _CONTENTS.get(kind)
        if read_content is None:  # _JSON too: no client writes it, and yrs misreads it
            raise Malformed("unknown content")
        return read_content(self)

    def _read_deleted(self) -> tuple[int, bool]:
        length = self._read_number()
        self._add_collected(length)
        return length, True

    def _add_collected(self, length: int) -> None:
        """Note that the current struct has no content; adjacent ones make one run."""
        start, end = self._clock, self._clock + length
        if self.collected and self.collected[-1][::2] == (self._client, start):
            start = self.collected.pop()[1]
        self.collected.append((self._client, start, end))

    def _read_text(self) -> tuple[int, bool]:
        return len(self._read_bytes().decode().encode("utf-16-le")) // 2, True

    def _read_values(self) -> tuple[int, bool]:
        length = self._read_number()
        is_valid = True
        for _ in range(length):
            is_valid = self._read_any() and is_valid
        return length, is_valid

    def _read_binary(self) -> tuple[int, bool]:
        self._read_bytes()
        return 1, True

    def _read_type(self) -> tuple[int, bool]:
        ref = self._read_number()
        if ref == _XML_ELEMENT:
            self._read_string()
        elif ref > _LAST_TYPE or ref == _XML_HOOK:
            raise Malformed("unknown type")
        return 1, True

    def _read_embed(self) -> tuple[int, bool]:
        return 1, self._is_valid(self._read_json())

    def _read_format(self) -> tuple[int, bool]:
        self._read_string()  # its key
        self._read_json()
        return 1, True

    def _read_document(self) -> tuple[int, bool]:
        self._read_string()  # its id
        return 1, self._read_any()

    def _read_any(self) -> bool:
        """Read a value; return whether it is valid, which one of a stored update is not if it
        nests too deeply."""
        at, steps = self.at, self.steps
        try:
            return self._is_valid(self._read_value(MAX_NESTING))
        except NestedTooDeeply:
            if not self.is_stored:
                raise
            self.at, self.steps = at, steps
            self._skip_value()
            return False

    def _read_json(self) -> Any:
        text = self._read_bytes()
        self._count_step()
        if text == b"undefined":
            return None
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as exc:
            raise Malformed("a value is not JSON") from exc

    def _is_valid(self, value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        self.marked_deleted += value.get("isDeleted") is True
        for name, kind in _FAST_PROPERTIES:  # which were already found valid
            if value.get(name) is kind:
                del value[name]
        return is_valid_element(value)

    # -- deletions --------------------------------------------------------------------------

    def _read_deletions(self) -> list[Run]:
        deletions: list[Run] = []
        for _ in range(self._read_client_count()):
            client = self._read_number()
            for _ in range(self._read_number()):
                clock, length = self._read_number(), self._read_number()
                self.steps += 1  # two steps: costs more than a value, since it is stored
                self._count_step()
                end = clock + length
                if end > MAX_CLOCK:
                    raise Malformed("a clock is out of range")
                if length:
                    deletions.append((client, clock, end))
                    if end > self.needs.get(client, 0):
                        self.needs[client] = end
        return deletions

    def _deletes_replaced(self, run: Run) -> bool:
        """Whether a run deletes what an invalid element replaces, which is to stay instead."""
        client, start, end = run
        if self._replaced_clocks is None:
            self._replaced_clocks = defaultdict(list)
            for other, clock in sorted(self.replaced):
                self._replaced_clocks[other].append(clock)
        clocks = self._replaced_clocks.get(client, [])
        at = bisect_left(clocks, start)
        return at < len(clocks) and clocks[at] < end

    def _encode_without_invalid(self, deletions_at: int) -> bytes:
        """Return the structs with each invalid one replaced by a GC struct of the same length."""
        parts, at = [], 0
        for begun, end, length in self.invalid_structs:
            parts += [self.data[at:begun], b"\x00" + varint(length)]
            at = end
        return b"".join([*parts, self.data[at:deletions_at]])


_CONTENTS: dict[int, Callable[[Scanner], tuple[int, bool]]] = {
    DELETED: Scanner._read_deleted,
    _BINARY: Scanner._read_binary,
    _TEXT: Scanner._read_text,
    _EMBED: Scanner._read_embed,
    _FORMAT: Scanner._read_format,
    _TYPE: Scanner._read_type,
    ANY: Scanner._read_values,
    _DOC: Scanner._read_document,
}
