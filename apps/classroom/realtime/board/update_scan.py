"""One pass over a Yjs update (v1) before yrs sees it: which clocks it brings, what it builds on,
and which of its elements nobody can draw.

It lets nothing through that would end yrs or a browser: values nested too deeply, kinds of content
that only one of the two knows, numbers that JavaScript cannot hold. Its cost is bounded by the
update alone, and counted, so that a person can be held to a budget.
"""

import re
import struct
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from apps.classroom.elements import MAX_POINTS, is_valid_element
from apps.classroom.realtime.board.varints import Malformed, read_bytes, read_varint, varint

# yrs and browsers decode nested values recursively.
MAX_NESTING = 100
# Steps of one update: values, structs and runs of deletions. A mebibyte of ordinary elements has
# about 70,000.
MAX_STEPS = 100_000
# Clients that it names in all, as many as a board may have.
MAX_CLIENTS_PER_UPDATE = 5000
MAX_CLOCK = 2**31 - 1

_GC, _DELETED, _JSON, _BINARY, _TEXT, _EMBED, _FORMAT, _TYPE, ANY, _DOC, SKIP = range(11)
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_KEY = 0x80, 0x40, 0x20
_XML_ELEMENT, _XML_HOOK, _LAST_TYPE = 3, 5, 6

# A long stroke is thousands of points, and they are passed over without a step for each: small
# numbers as lib0 writes them, in runs of 1, 2, 4, … points, since a pattern for each length that
# somebody sends would be one to compile.
_NUMBER = (
    rb"(?:\x7b[\x00-\x40\x80-\xc0].{7}|\x7c[\x00-\x4a\x80-\xca].{3}"
    rb"|\x7d[\x80-\xff]{0,3}[\x00-\x7f])"
)
_POINT = rb"\x75(?:\x02%b{2}|\x03%b{3})" % (_NUMBER, _NUMBER)
_RUNS = [1 << power for power in reversed(range(MAX_POINTS.bit_length()))]
_FAST_FROM = 4  # values in an array


def _runs_of(pattern: bytes) -> list[tuple[int, re.Pattern[bytes]]]:
    return [(run, re.compile(rb"(?s)%b{%d}" % (pattern, run))) for run in _RUNS]


class Plain:
    """An array that was passed over: points or numbers, of which each is in order."""


POINTS, NUMBERS = Plain(), Plain()
_PLAIN = ((_runs_of(rb"(?:%b)" % _POINT), POINTS), (_runs_of(_NUMBER), NUMBERS))
# The properties that may be such an array.
_MAY_BE_PLAIN = (("points", POINTS), ("pressures", NUMBERS))
_STRING, _INTEGER, _BIG, _OBJECT, _ARRAY, _BUFFER = 119, 125, 122, 118, 117, 116
_UNDEFINED = object()
_BIG_INTEGER = object()  # no number in JavaScript, so it is none of an element's
_CONSTANTS: dict[int, Any] = {127: _UNDEFINED, 126: None, 121: False, 120: True}
_DOUBLE = 123
_unpack_double = struct.Struct(">d").unpack_from
_FLOATS = {124: struct.Struct(">f"), _DOUBLE: struct.Struct(">d"), _BIG: struct.Struct(">q")}

Run = tuple[int, int, int]  # client, first clock, clock after the last


class Scan(NamedTuple):
    update: bytes  # without the elements that nobody can draw
    runs: list[Run]  # what it brings, in its order
    needs: dict[int, int]  # for each client, the clock before which all must be there
    deletions: list[Run]
    deletions_at: int  # where they begin in the update
    steps: int
    invalid_elements: int


def scan(update: bytes, max_batch: int = MAX_STEPS) -> Scan:
    """Raises Malformed, for more than `max_batch` steps too."""
    try:
        return Scanner(update, max_batch).scan()
    except (IndexError, UnicodeDecodeError, struct.error) as exc:
        raise Malformed("the update ends early, or holds text that is none") from exc


def scan_trusted(update: bytes) -> Scan:
    """As `scan`, of an update of our own, however large. Raises Malformed."""
    return scan(update, max_batch=len(update))


def _judged(value: Any) -> Any:
    """Without what was found in order as it was passed over."""
    if isinstance(value, dict):
        for name, kind in _MAY_BE_PLAIN:
            if value.get(name) is kind:
                del value[name]
    return value


def encode_deletions(runs: Iterable[Run]) -> bytes:
    """As an update ends with."""
    clients: defaultdict[int, list[bytes]] = defaultdict(list)
    for client, start, end in runs:
        clients[client].append(varint(start) + varint(end - start))
    parts = [varint(len(clients))]
    for client, own in clients.items():
        parts += [varint(client), varint(len(own)), *own]
    return b"".join(parts)


class Scanner:
    def __init__(self, update: bytes, max_batch: int) -> None:
        self.data, self.max_batch = update, max_batch
        self.at = 0
        self.steps = 0
        self.needs: dict[int, int] = {}
        self.cuts: list[tuple[int, int, int]] = []  # structs from, to, of a length
        self.spared: set[tuple[int, int]] = set()  # what the cut ones were to replace

    def scan(self) -> Scan:
        runs: list[Run] = []
        for _ in range(self._clients()):
            structs, client, clock = self._number(), self._number(), self._number()
            start = clock
            self._begin(client, clock)
            for _ in range(structs):
                begun, info = self.at, self.data[self.at]
                self.at += 1
                kind = info & 0x1F
                length = self._struct(kind, info, begun)
                if kind == SKIP:
                    if clock > start:
                        runs.append((client, start, clock))
                    start = clock + length
                clock += length
                if length < 1 or clock > MAX_CLOCK:
                    raise Malformed("a clock is out of range")
                self._step()
            if clock > start:
                runs.append((client, start, clock))
        deletions_at = self.at
        deletions = self._deletions()
        if self.at != len(self.data):
            raise Malformed("something follows the update")
        update = self.data
        if self.cuts:
            deletions = [run for run in deletions if not self._spares(run)]
            kept = self._cut(deletions_at)
            update, deletions_at = kept + encode_deletions(deletions), len(kept)
        return Scan(update, runs, self.needs, deletions, deletions_at, self.steps, len(self.cuts))

    def _begin(self, client: int, clock: int) -> None:
        """Structs of this client follow."""

    def _number(self) -> int:
        byte = self.data[self.at]
        if byte < 0x80:
            self.at += 1
            return byte
        number, self.at = read_varint(self.data, self.at)
        return number

    def _clients(self) -> int:
        """How many are named next; too many are not even looked at."""
        count = self._number()
        if count > MAX_CLIENTS_PER_UPDATE and self.max_batch == MAX_STEPS:
            raise Malformed("too many clients in one update")
        return count

    def _bytes(self) -> bytes:
        found, self.at = read_bytes(self.data, self.at)
        return found

    def _string(self) -> str:
        at = self.at
        size = self.data[at]
        if size >= 0x80:
            return self._bytes().decode()
        self.at = at + 1 + size
        return self.data[at + 1 : self.at].decode()

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self.max_batch:
            raise Malformed("an update of too many parts")

    def _need(self) -> tuple[int, int]:
        client, clock = self._number(), self._number()
        if clock >= self.needs.get(client, 0):
            self.needs[client] = clock + 1
            if len(self.needs) > MAX_CLIENTS_PER_UPDATE and self.max_batch == MAX_STEPS:
                raise Malformed("an update that builds on too many clients")
        return client, clock

    # -- structs ----------------------------------------------------------------------------

    def _struct(self, kind: int, info: int, begun: int) -> int:
        """How many clocks it takes."""
        if kind in (_GC, SKIP):
            return self._number()
        origin = self._need() if info & _HAS_ORIGIN else None
        if info & _HAS_RIGHT_ORIGIN:
            self._need()
        if not info & (_HAS_ORIGIN | _HAS_RIGHT_ORIGIN):
            if self._number() == 1:
                self._bytes().decode()
            else:
                self._need()
            if info & _HAS_KEY:
                self._bytes().decode()
        length, drawable = self._content(kind)
        if not drawable:
            self.cuts.append((begun, self.at, length))
            if origin is not None:
                self.spared.add(origin)
        return length

    def _content(self, kind: int) -> tuple[int, bool]:
        """How many clocks it takes, and whether all of it can be drawn."""
        if kind == _DELETED:
            return self._number(), True
        if kind == _TEXT:
            return len(self._bytes().decode().encode("utf-16-le")) // 2, True
        if kind in (ANY, _JSON):
            length = self._number()
            drawable = [self._any() if kind == ANY else self._json() for _ in range(length)]
            return length, all(drawable)
        if kind == _EMBED:
            return 1, self._json()
        self._other(kind)
        return 1, True

    def _other(self, kind: int) -> None:
        if kind == _BINARY:
            self._bytes()
            return
        if kind == _TYPE:
            ref = self._number()
            if ref in (_XML_ELEMENT, _XML_HOOK):
                self._string()
            elif ref > _LAST_TYPE:
                raise Malformed("unknown type")
            return
        if kind not in (_FORMAT, _DOC):
            raise Malformed("unknown content")
        self._string()  # a format's key, a document's id
        if kind == _FORMAT:
            self._json()
        else:
            self._value(MAX_NESTING)

    def _any(self) -> bool:
        return is_valid_element(_judged(self._value(MAX_NESTING)))

    def _json(self) -> bool:
        """Whether the value can be drawn."""
        text = self._bytes()
        self._step()
        if text == b"undefined":
            return True
        try:
            return is_valid_element(msgspec.json.decode(text))
        except (msgspec.DecodeError, RecursionError) as exc:
            raise Malformed("a value is not JSON") from exc

    # -- values -----------------------------------------------------------------------------

    def _value(self, levels: int) -> Any:
        """`levels` is how much deeper it may nest."""
        self._step()
        kind = self.data[self.at]
        self.at += 1
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in _FLOATS:
            (number,) = _FLOATS[kind].unpack_from(self.data, self.at)
            self.at += _FLOATS[kind].size
            return _BIG_INTEGER if kind == _BIG else number
        if kind == _OBJECT:
            return self._object(levels)
        if kind == _ARRAY:
            return self._array(levels)
        return self._plain(kind)

    def _plain(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _INTEGER:
            return self._integer()
        if kind == _BUFFER:
            return self._bytes()
        raise Malformed("unknown value")

    def _integer(self) -> int:
        byte = self.data[self.at]
        self.at += 1
        negative, number, shift = byte & 0x40, byte & 0x3F, 6
        while byte & 0x80:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if shift > 62:
                raise Malformed("a number is too long")
        return -number if negative else number

    def _object(self, levels: int) -> dict[str, Any]:
        """Short strings and plain numbers, of which most of an element is, are read on the spot:
        every stroke of everybody comes through here."""
        if not levels:
            raise Malformed("nested too deeply")
        data, found, count = self.data, dict[str, Any](), self._number()
        at = self.at
        for _ in range(count):
            self.at = at
            key = self._string()
            at = self.at
            kind = data[at]
            if kind == _STRING and data[at + 1] < 0x80:
                end = at + 2 + data[at + 1]
                found[key], at = data[at + 2 : end].decode(), end
            elif kind == _INTEGER and data[at + 1] < 0x40:
                found[key], at = data[at + 1], at + 2
            elif kind == _DOUBLE:
                found[key], at = _unpack_double(data, at + 1)[0], at + 9
            else:
                self.at = at
                value = self._value(levels - 1)
                if value is not _UNDEFINED:
                    found[key] = value
                at = self.at
        self.at = at
        self.steps += count
        self._step()
        return found

    def _array(self, levels: int) -> Any:
        if not levels:
            raise Malformed("nested too deeply")
        count = self._number()
        if _FAST_FROM <= count <= MAX_POINTS:
            for runs, kind in _PLAIN:
                if (end := self._past(count, runs)) is not None:
                    self.at = end
                    self.steps += count // 16
                    return kind
        return [self._value(levels - 1) for _ in range(count)]

    def _past(self, count: int, runs: list[tuple[int, re.Pattern[bytes]]]) -> int | None:
        """Where `count` of them end; None if not all are what `runs` match."""
        at = self.at
        for run, pattern in runs:
            if count & run:
                match = pattern.match(self.data, at)
                if match is None:
                    return None
                at = match.end()
        return at

    # -- the end ----------------------------------------------------------------------------

    def _deletions(self) -> list[Run]:
        found: list[Run] = []
        for _ in range(self._clients()):
            client = self._number()
            for _ in range(self._number()):
                clock, length = self._number(), self._number()
                self.steps += 1  # dearer than a value, since it is kept
                self._step()
                end = clock + length
                if end > MAX_CLOCK:
                    raise Malformed("a clock is out of range")
                if length:
                    found.append((client, clock, end))
                    if end > self.needs.get(client, 0):
                        self.needs[client] = end
        return found

    def _spares(self, run: Run) -> bool:
        """Who replaces an element deletes it; with nothing in its place it is to stay."""
        client, start, end = run
        return any(start <= clock < end for other, clock in self.spared if other == client)

    def _cut(self, deletions_at: int) -> bytes:
        """The structs, with what nobody can draw replaced by what was deleted long ago, of as many
        clocks."""
        parts, at = [], 0
        for begun, end, length in self.cuts:
            parts += [self.data[at:begun], b"\x00" + varint(length)]
            at = end
        return b"".join([*parts, self.data[at:deletions_at]])
