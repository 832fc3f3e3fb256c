"""The outline of a large board: its structs with their values replaced by nulls.

yrs needs nothing more to check and apply updates, and an outline takes a fraction of the time and
memory; clients are answered from the board's bytes. This module does not import Django, so that a
subprocess can use it (compaction.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct
from pycrdt import write_var_uint as varint

from apps.classroom.realtime.board.origins import Origins
from apps.classroom.realtime.board.update_scan import (
    ANY,
    MAX_CLOCK,
    SKIP,
    ItemId,
    Run,
    Scanner,
    encode_deletions,
)
from apps.classroom.realtime.board.varints import Malformed, read_varint

# Bytes, structs and runs of deletions per update: yrs applies one in a few milliseconds.
UPDATE_BYTES, UPDATE_STRUCTS, UPDATE_RUNS = 64 * 1024, 2000, 500
# Bytes per chunk of the board: a client that lacks part of a chunk is sent all of it.
CHUNK = 64 * 1024
_NULL = b"\x7e"


Buffers = list[bytes | memoryview]  # of one update, to be joined when its frame is built


class Chunk(NamedTuple):
    """Consecutive structs of one client: their clocks and where they are in the update."""

    client: int
    clock: int
    end: int
    structs: int
    at: int
    until: int


class Outline(Struct):
    """The outline of an update that holds a whole board.

    Each of `updates` depends only on earlier ones; `deletions` is an update without structs;
    `chunks` refers to the bytes of the board itself.
    """

    updates: list[bytes]
    chunks: list[Chunk]
    clocks: dict[int, int]
    deletions: bytes
    origins: list[Run]  # those that are used (origins.py)


class Base(NamedTuple):
    """The bytes and outline of a board as last opened or compacted."""

    state: bytes
    outline: Outline

    def is_included_in(self, known: Mapping[int, int]) -> bool:
        return all(known.get(client, 0) >= end for client, end in self.outline.clocks.items())

    def diff(self, known: Mapping[int, int]) -> Buffers:
        """Return one update, as buffers, of the chunks with clocks beyond `known`; no deletions."""
        state = memoryview(self.state)
        missing = (chunk for chunk in self.outline.chunks if chunk.end > known.get(chunk.client, 0))
        clients, parts = 0, Buffers()
        for client, group in groupby(missing, key=lambda chunk: chunk.client):
            chunks = list(group)
            count = sum(chunk.structs for chunk in chunks)
            parts.append(varint(count) + varint(client) + varint(chunks[0].clock))
            parts.append(state[chunks[0].at : chunks[-1].until])
            clients += 1
        return [varint(clients), *parts, b"\x00"]


def concatenate(buffers: Buffers, update: bytes) -> Buffers:
    """Join an update without deletions, as buffers, and an update with structs of other clients."""
    clients, _at = read_varint(bytes(buffers[0]), 0)
    other_clients, at = read_varint(update, 0)
    return [varint(clients + other_clients), *buffers[1:-1], memoryview(update)[at:]]


class _Entry(NamedTuple):
    clock: int
    length: int
    at: int
    until: int
    encoded: bytes
    needs: list[tuple[int, int]]


def outline_of(state: bytes) -> Outline:
    """Make the outline of a board. Raises Malformed if structs are missing or elements invalid."""
    scanner = _OutlineScanner(state, is_stored=True)
    scan = scanner.scan()
    if scan.invalid_elements:
        raise Malformed("the board has invalid elements")
    runs = scan.deletions
    deletions = (
        _encode_deletions_only(runs[at : at + UPDATE_RUNS])
        for at in range(0, len(runs), UPDATE_RUNS)
    )
    updates = [*_encode_updates(scanner.blocks, _UpdateBuilder.is_full), *deletions]
    clocks = {client: end for client, _start, end in scan.runs}
    origins = Origins()
    origins.add(scan.placed, scan.inner)
    return Outline(
        updates,
        list(_chunks(scanner.blocks)),
        clocks,
        _encode_deletions_only(runs),
        origins.runs(),
    )


def split_after(update: bytes, items: set[ItemId]) -> list[bytes]:
    """Split the structs of an update into updates that end after each of `items`, and depend only
    on earlier ones. Raises Malformed if clocks are missing between its structs."""
    scanner = _StructScanner(update, is_stored=False)
    scanner.scan()
    return list(_encode_updates(scanner.blocks, lambda builder: builder.last in items))


_Blocks = list[tuple[int, list[_Entry]]]


class _StructScanner(Scanner):
    """Records each struct: where it is, what it depends on, and its bytes."""

    def __init__(self, update: bytes, *, is_stored: bool) -> None:
        super().__init__(update, is_stored=is_stored)
        self.blocks: _Blocks = []
        self._needs: list[tuple[int, int]] = []

    def _begin_client(self, client: int, clock: int) -> None:
        self.blocks.append((client, []))

    def _read_dependency(self) -> tuple[int, int]:
        dependency = super()._read_dependency()
        self._needs.append(dependency)
        return dependency

    def _read_struct(self, kind: int, info: int, begun: int) -> int:
        if kind == SKIP:
            raise Malformed("structs are missing")
        self._needs = []
        length = super()._read_struct(kind, info, begun)
        encoded = self._encode(begun)
        entry = _Entry(self._clock, length, begun, self.at, encoded, self._needs)
        self.blocks[-1][1].append(entry)
        return length

    def _encode(self, begun: int) -> bytes:
        return self.data[begun : self.at]


class _OutlineScanner(_StructScanner):
    """Records the bytes of each struct without its values."""

    def __init__(self, update: bytes, *, is_stored: bool) -> None:
        super().__init__(update, is_stored=is_stored)
        self._values: tuple[int, int] | None = None  # where they begin, and their number

    def _read_content(self, kind: int) -> tuple[int, bool]:
        at = self.at
        length, is_valid = super()._read_content(kind)
        self._values = (at, length) if kind == ANY else None
        return length, is_valid

    def _encode(self, begun: int) -> bytes:
        if self._values is None:
            return super()._encode(begun)
        (at, count), self._values = self._values, None
        return self.data[begun:at] + varint(count) + _NULL * count


def _encode_updates(
    blocks: _Blocks, is_complete: Callable[["_UpdateBuilder"], bool]
) -> Iterator[bytes]:
    """Encode the structs as updates, each depending only on earlier ones or on other clients.

    Structs that depend on each other in a circle, which no client makes, go into the last one.
    """
    entries = dict(blocks)
    positions = dict.fromkeys(entries, 0)
    done = {client: own[0].clock for client, own in blocks if own}
    waiting: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    todo, update = list(entries), _UpdateBuilder()
    while todo:
        client = todo.pop()
        own = entries[client]
        while (index := positions[client]) < len(own):
            entry = own[index]
            missing = next((n for n in entry.needs if done.get(n[0], MAX_CLOCK) <= n[1]), None)
            if missing is not None:
                waiting[missing[0]].append((missing[1], client))
                break
            update.add(client, entry)
            positions[client], done[client] = index + 1, entry.clock + entry.length
            if is_complete(update):
                yield update.encode()
                update = _UpdateBuilder()
        if client in waiting and own:
            waiters, end = waiting.pop(client), done[client]
            todo += [other for clock, other in waiters if clock < end]
            if remaining := [waiter for waiter in waiters if waiter[0] >= end]:
                waiting[client] = remaining
    for client, own in entries.items():
        for entry in own[positions[client] :]:
            update.add(client, entry)
    if update.structs:
        yield update.encode()


class _UpdateBuilder:
    def __init__(self) -> None:
        self._clocks: dict[int, int] = {}  # the clock of the first struct, by client
        self._bodies: defaultdict[int, list[bytes]] = defaultdict(list)
        self.size = self.structs = 0
        self.last: ItemId | None = None

    def add(self, client: int, entry: _Entry) -> None:
        self._clocks.setdefault(client, entry.clock)
        self._bodies[client].append(entry.encoded)
        self.size += len(entry.encoded)
        self.structs += 1
        self.last = client, entry.clock

    def is_full(self) -> bool:
        return self.size >= UPDATE_BYTES or self.structs >= UPDATE_STRUCTS

    def encode(self) -> bytes:
        parts = [varint(len(self._bodies))]
        for client, bodies in self._bodies.items():
            parts += [varint(len(bodies)) + varint(client) + varint(self._clocks[client]), *bodies]
        return b"".join([*parts, b"\x00"])


def _encode_deletions_only(runs: list[Run]) -> bytes:
    return b"\x00" + encode_deletions(runs)


def _chunks(blocks: Iterable[tuple[int, list[_Entry]]]) -> Iterator[Chunk]:
    for client, entries in blocks:
        first = 0
        for index, entry in enumerate(entries):
            if entry.until - entries[first].at >= CHUNK or index == len(entries) - 1:
                begun, end = entries[first], entry.clock + entry.length
                structs = index - first + 1
                yield Chunk(client, begun.clock, end, structs, begun.at, entry.until)
                first = index + 1
