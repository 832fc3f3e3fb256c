"""A large board without the values of its elements. For yrs to take in a stroke it is as good as
the board, and it is made and dropped in a fraction of the time and memory; what the board holds is
answered from its bytes. It knows nothing of Django, so that a process of its own may do it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from apps.classroom.realtime.board.update_scan import ANY, SKIP, Run, Scanner, encode_deletions
from apps.classroom.realtime.board.varints import Malformed, varint

# What yrs takes in at once, in a few milliseconds.
PIECE, PIECE_STRUCTS, PIECE_RUNS = 64 * 1024, 2000, 500
# Of the board's bytes, which a client that has some of them is sent in whole chunks.
CHUNK = 64 * 1024
_NULL = b"\x7e"


Pieces = list[bytes | memoryview]  # to be joined once, into the frame that they go out in


class Chunk(NamedTuple):
    """Structs of one client that follow each other: their clocks, and their place in the update."""

    client: int
    clock: int
    end: int
    structs: int
    at: int
    until: int


class Outline(Struct):
    """Of one update that holds a whole board. `pieces` are updates, in an order in which each
    builds on those before it alone; `deletions` is one without structs."""

    pieces: list[bytes]
    chunks: list[Chunk]
    clocks: dict[int, int]
    deletions: bytes


class Base(NamedTuple):
    """A board as it was when it was last opened or folded."""

    state: bytes
    outline: Outline

    def is_covered(self, known: Mapping[int, int]) -> bool:
        return all(known.get(client, 0) >= end for client, end in self.outline.clocks.items())

    def beyond(self, known: Mapping[int, int]) -> Pieces:
        """One update, in pieces, with the chunks that hold more than that, without deletions."""
        whole = memoryview(self.state)
        wanted = (one for one in self.outline.chunks if one.end > known.get(one.client, 0))
        clients, parts = 0, Pieces()
        for client, group in groupby(wanted, key=lambda one: one.client):
            chunks = list(group)
            count = sum(one.structs for one in chunks)
            parts.append(varint(count) + varint(client) + varint(chunks[0].clock))
            parts.append(whole[chunks[0].at : chunks[-1].until])
            clients += 1
        return [varint(clients), *parts, b"\x00"]


class _Entry(NamedTuple):
    clock: int
    length: int
    at: int
    until: int
    hollow: bytes
    needs: list[tuple[int, int]]


def outline_of(state: bytes) -> Outline:
    """Raises Malformed where it cannot be told what builds on what."""
    scanner = _Outliner(state, len(state))
    scan = scanner.scan()
    if scan.undrawable:
        raise Malformed("the board is to be cleaned first")
    runs = scan.deletions
    cut = (_deleting(runs[at : at + PIECE_RUNS]) for at in range(0, len(runs), PIECE_RUNS))
    pieces = [*_in_order(scanner.blocks), *cut]
    clocks = {client: end for client, _start, end in scan.runs}
    return Outline(pieces, list(_chunks(scanner.blocks)), clocks, _deleting(runs))


_Blocks = list[tuple[int, list[_Entry]]]


class _Outliner(Scanner):
    """Notes of each struct where it is, what it builds on, and itself without its values."""

    def __init__(self, data: bytes, max_batch: int) -> None:
        super().__init__(data, max_batch)
        self.blocks: _Blocks = []
        self._clock = 0
        self._needs: list[tuple[int, int]] = []
        self._values: tuple[int, int] | None = None  # where they begin, and how many they are

    def _begin(self, client: int, clock: int) -> None:
        self.blocks.append((client, []))
        self._clock = clock

    def _need(self) -> tuple[int, int]:
        found = super()._need()
        self._needs.append(found)
        return found

    def _content(self, kind: int) -> tuple[int, bool]:
        at = self.at
        length, drawable = super()._content(kind)
        if kind == ANY:
            self._values = at, length
        return length, drawable

    def _struct(self, kind: int, info: int, begun: int) -> int:
        if kind == SKIP:
            raise Malformed("something is missing")
        self._needs, self._values = [], None
        length = super()._struct(kind, info, begun)
        hollow = self.data[begun : self.at]
        if self._values is not None:
            at, count = self._values
            hollow = self.data[begun:at] + varint(count) + _NULL * count
        entry = _Entry(self._clock, length, begun, self.at, hollow, self._needs)
        self.blocks[-1][1].append(entry)
        self._clock += length
        return length


def _in_order(blocks: _Blocks) -> Iterator[bytes]:
    """The hollow structs as updates. Where they build on each other in a circle, which nobody
    draws, the last one holds what is left."""
    entries = dict(blocks)
    places, done = dict.fromkeys(entries, 0), dict.fromkeys(entries, 0)
    waiting: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    todo, piece = list(entries), _Piece()
    while todo:
        client = todo.pop()
        own = entries[client]
        while (place := places[client]) < len(own):
            entry = own[place]
            missing = next((n for n in entry.needs if done.get(n[0], 0) <= n[1]), None)
            if missing is not None:
                waiting[missing[0]].append((missing[1], client))
                break
            piece.add(client, entry)
            places[client], done[client] = place + 1, entry.clock + entry.length
            if piece.is_full:
                yield piece.encode()
                piece = _Piece()
        if client in waiting:
            waits, end = waiting.pop(client), done[client]
            todo += [other for clock, other in waits if clock < end]
            if still := [wait for wait in waits if wait[0] >= end]:
                waiting[client] = still
    for client, own in entries.items():
        for entry in own[places[client] :]:
            piece.add(client, entry)
    if piece.structs:
        yield piece.encode()


class _Piece:
    def __init__(self) -> None:
        self._clocks: dict[int, int] = {}  # of the first struct of each client
        self._bodies: defaultdict[int, list[bytes]] = defaultdict(list)
        self.size = self.structs = 0

    def add(self, client: int, entry: _Entry) -> None:
        self._clocks.setdefault(client, entry.clock)
        self._bodies[client].append(entry.hollow)
        self.size += len(entry.hollow)
        self.structs += 1

    @property
    def is_full(self) -> bool:
        return self.size >= PIECE or self.structs >= PIECE_STRUCTS

    def encode(self) -> bytes:
        parts = [varint(len(self._bodies))]
        for client, bodies in self._bodies.items():
            parts += [varint(len(bodies)) + varint(client) + varint(self._clocks[client]), *bodies]
        return b"".join([*parts, b"\x00"])


def _deleting(runs: list[Run]) -> bytes:
    return b"\x00" + encode_deletions(runs)


def _chunks(blocks: Iterable[tuple[int, list[_Entry]]]) -> Iterator[Chunk]:
    for client, entries in blocks:
        first = 0
        for place, entry in enumerate(entries):
            if entry.until - entries[first].at >= CHUNK or place == len(entries) - 1:
                begun, end = entries[first], entry.clock + entry.length
                structs = place - first + 1
                yield Chunk(client, begun.clock, end, structs, begun.at, entry.until)
                first = place + 1
