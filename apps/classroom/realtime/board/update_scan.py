"""Scan a Yjs update (v1) before yrs applies it: the clocks it adds and needs, its deletions, and
its invalid elements.

The scan rejects what could crash yrs or a browser: values nested too deeply, content types that
only one of them knows, numbers that JavaScript cannot represent. Its cost depends on the update
alone and is counted in steps, which are charged to the sender.
"""

import re
import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from apps.classroom.elements import MAX_POINTS, is_valid_element
from apps.classroom.realtime.board.varints import Malformed, read_bytes, read_varint, varint

# yrs and browsers decode nested values recursively.
MAX_NESTING = 100
# Steps per update: values, structs and runs of deletions. 1 MiB of ordinary elements takes about
# 70,000.
MAX_STEPS = 100_000
# Client ids per update, as many as a board may have.
MAX_CLIENTS_PER_UPDATE = 5000
MAX_CLOCK = 2**31 - 1

_GC, _DELETED, _JSON, _BINARY, _TEXT, _EMBED, _FORMAT, _TYPE, ANY, _DOC, SKIP = range(11)
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_KEY = 0x80, 0x40, 0x20
_XML_ELEMENT, _XML_HOOK, _LAST_TYPE = 3, 5, 6

# A long stroke has thousands of points. Regular expressions match them without a step for each:
# small numbers as lib0 encodes them, in runs of 1, 2, 4, … points, so that a few compiled patterns
# match every length.
_NUMBER = (
    rb"(?:\x7b[\x00-\x40\x80-\xc0].{7}|\x7c[\x00-\x4a\x80-\xca].{3}"
    rb"|\x7d[\x80-\xff]{0,3}[\x00-\x7f])"
)
_POINT = rb"\x75(?:\x02%b{2}|\x03%b{3})" % (_NUMBER, _NUMBER)
_RUNS = [1 << power for power in reversed(range(MAX_POINTS.bit_length()))]
_FAST_FROM = 4  # values in an array


def _run_patterns(pattern: bytes) -> list[tuple[int, re.Pattern[bytes]]]:
    return [(run, re.compile(rb"(?s)%b{%d}" % (pattern, run))) for run in _RUNS]


class FastArray:
    """Stands for an array of valid points or numbers that was matched but not decoded."""


POINTS, NUMBERS = FastArray(), FastArray()
_FAST_ARRAYS = ((_run_patterns(rb"(?:%b)" % _POINT), POINTS), (_run_patterns(_NUMBER), NUMBERS))
# The element properties that may hold such an array.
_FAST_PROPERTIES = (("points", POINTS), ("pressures", NUMBERS))
_STRING, _INTEGER, _BIGINT, _OBJECT, _ARRAY, _BUFFER = 119, 125, 122, 118, 117, 116
_UNDEFINED = object()
_BIG_INTEGER = object()  # a BigInt in JavaScript, which is not valid in an element
_CONSTANTS: dict[int, Any] = {127: _UNDEFINED, 126: None, 121: False, 120: True}
_DOUBLE = 123
_unpack_double = struct.Struct(">d").unpack_from
_FLOATS = {124: struct.Struct(">f"), _DOUBLE: struct.Struct(">d"), _BIGINT: struct.Struct(">q")}

Run = tuple[int, int, int]  # client, first clock, clock after the last


class Scan(NamedTuple):
    update: bytes  # without the invalid elements
    runs: list[Run]  # the clocks that it adds, in its order
    needs: dict[int, int]  # by client: the document must have all clocks below this one
    deletions: list[Run]
    deletions_at: int  # where the deletions begin in `update`
    steps: int
    invalid_elements: int


def scan(update: bytes, max_steps: int = MAX_STEPS) -> Scan:
    """Scan an update. Raises Malformed, also if it takes more than `max_steps` steps."""
    try:
        return Scanner(update, max_steps).scan()
    except (IndexError, UnicodeDecodeError, struct.error) as exc:
        raise Malformed("the update ends early or has invalid text") from exc


def scan_trusted(update: bytes) -> Scan:
    """Scan an update made by the server, of any size. Raises Malformed."""
    return scan(update, max_steps=len(update))


def _without_fast_arrays(value: Any) -> Any:
    """Remove the properties of an element that were already found valid."""
    if isinstance(value, dict):
        for name, kind in _FAST_PROPERTIES:
            if value.get(name) is kind:
                del value[name]
    return value


def encode_deletions(runs: Iterable[Run]) -> bytes:
    """Encode deletions as they stand at the end of an update."""
    clients: defaultdict[int, list[bytes]] = defaultdict(list)
    for client, start, end in runs:
        clients[client].append(varint(start) + varint(end - start))
    parts = [varint(len(clients))]
    for client, own in clients.items():
        parts += [varint(client), varint(len(own)), *own]
    return b"".join(parts)


class Scanner:
    """Reads one update from start to end; `at` is the position in `data`."""

    def __init__(self, update: bytes, max_steps: int) -> None:
        self.data, self.max_steps = update, max_steps
        self.at = 0
        self.steps = 0
        self.needs: dict[int, int] = {}
        self.invalid_structs: list[tuple[int, int, int]] = []  # start, end, clocks
        self.replaced: set[tuple[int, int]] = set()  # (client, clock) the invalid ones replace
        self._replaced_clocks: defaultdict[int, list[int]] | None = None  # the same, sorted

    def scan(self) -> Scan:
        runs: list[Run] = []
        for _ in range(self._read_client_count()):
            structs, client, clock = self._read_number(), self._read_number(), self._read_number()
            start = clock
            self._begin_client(client, clock)
            for _ in range(structs):
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
            update, runs, self.needs, deletions, deletions_at, self.steps, len(self.invalid_structs)
        )

    def _begin_client(self, client: int, clock: int) -> None:
        """Called before the structs of each client; for subclasses."""

    def _read_number(self) -> int:
        byte = self.data[self.at]
        if byte < 0x80:
            self.at += 1
            return byte
        number, self.at = read_varint(self.data, self.at)
        return number

    def _read_client_count(self) -> int:
        """Read the number of clients that follow. Raises Malformed if there are too many."""
        count = self._read_number()
        if count > MAX_CLIENTS_PER_UPDATE and self.max_steps == MAX_STEPS:
            raise Malformed("too many clients in one update")
        return count

    def _read_bytes(self) -> bytes:
        value, self.at = read_bytes(self.data, self.at)
        return value

    def _read_string(self) -> str:
        at = self.at
        size = self.data[at]
        if size >= 0x80:
            return self._read_bytes().decode()
        self.at = at + 1 + size
        return self.data[at + 1 : self.at].decode()

    def _count_step(self) -> None:
        self.steps += 1
        if self.steps > self.max_steps:
            raise Malformed("the update has too many parts")

    def _read_dependency(self) -> tuple[int, int]:
        client, clock = self._read_number(), self._read_number()
        if clock >= self.needs.get(client, 0):
            self.needs[client] = clock + 1
            if len(self.needs) > MAX_CLIENTS_PER_UPDATE and self.max_steps == MAX_STEPS:
                raise Malformed("the update depends on too many clients")
        return client, clock

    # -- structs ----------------------------------------------------------------------------

    def _read_struct(self, kind: int, info: int, begun: int) -> int:
        """Read a struct after its info byte; return how many clocks it takes."""
        if kind in (_GC, SKIP):
            if info != kind:  # yrs reads these bits otherwise
                raise Malformed("a gap has flags")
            return self._read_number()
        origin = self._read_dependency() if info & _HAS_ORIGIN else None
        if info & _HAS_RIGHT_ORIGIN:
            self._read_dependency()
        if not info & (_HAS_ORIGIN | _HAS_RIGHT_ORIGIN):
            if self._read_number() == 1:
                self._read_bytes().decode()
            else:
                self._read_dependency()
            if info & _HAS_KEY:
                self._read_bytes().decode()
        length, is_valid = self._read_content(kind)
        if not is_valid:
            self.invalid_structs.append((begun, self.at, length))
            if origin is not None:
                self.replaced.add(origin)
        return length

    def _read_content(self, kind: int) -> tuple[int, bool]:
        """Read a struct's content; return how many clocks it takes and whether it is valid."""
        if kind == _DELETED:
            return self._read_number(), True
        if kind == _TEXT:
            return len(self._read_bytes().decode().encode("utf-16-le")) // 2, True
        if kind == ANY:
            length = self._read_number()
            validity = [self._read_any() for _ in range(length)]
            return length, all(validity)
        if kind == _EMBED:
            return 1, self._read_json()
        self._read_other_content(kind)
        return 1, True

    def _read_other_content(self, kind: int) -> None:
        if kind == _BINARY:
            self._read_bytes()
            return
        if kind == _TYPE:
            ref = self._read_number()
            if ref == _XML_ELEMENT:
                self._read_string()
            elif ref > _LAST_TYPE or ref == _XML_HOOK:
                raise Malformed("unknown type")
            return
        if kind not in (_FORMAT, _DOC):  # not _JSON: no client writes it, and yrs misreads it
            raise Malformed("unknown content")
        self._read_string()  # a format's key, a document's id
        if kind == _FORMAT:
            self._read_json()
        else:
            self._read_value(MAX_NESTING)

    def _read_any(self) -> bool:
        return is_valid_element(_without_fast_arrays(self._read_value(MAX_NESTING)))

    def _read_json(self) -> bool:
        """Read a JSON value; return whether it is valid as an element."""
        text = self._read_bytes()
        self._count_step()
        if text == b"undefined":
            return True
        try:
            return is_valid_element(msgspec.json.decode(text))
        except (msgspec.DecodeError, RecursionError) as exc:
            raise Malformed("a value is not JSON") from exc

    # -- values -----------------------------------------------------------------------------

    def _read_value(self, levels: int) -> Any:
        """Read a value, which may nest `levels` deep."""
        self._count_step()
        kind = self.data[self.at]
        self.at += 1
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in _FLOATS:
            (number,) = _FLOATS[kind].unpack_from(self.data, self.at)
            self.at += _FLOATS[kind].size
            return _BIG_INTEGER if kind == _BIGINT else number
        if kind == _OBJECT:
            return self._read_object(levels)
        if kind == _ARRAY:
            return self._read_array(levels)
        return self._read_scalar(kind)

    def _read_scalar(self, kind: int) -> Any:
        if kind == _STRING:
            return self._read_string()
        if kind == _INTEGER:
            return self._read_integer()
        if kind == _BUFFER:
            return self._read_bytes()
        raise Malformed("unknown value")

    def _read_integer(self) -> int:
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

    def _read_object(self, levels: int) -> dict[str, Any]:
        """Read an object. Short strings and plain numbers, the bulk of an element, are read inline
        since every stroke passes through here."""
        if not levels:
            raise Malformed("nested too deeply")
        data, values, count = self.data, dict[str, Any](), self._read_number()
        at = self.at
        for _ in range(count):
            self.at = at
            key = self._read_string()
            at = self.at
            kind = data[at]
            if kind == _STRING and data[at + 1] < 0x80:
                end = at + 2 + data[at + 1]
                values[key], at = data[at + 2 : end].decode(), end
            elif kind == _INTEGER and data[at + 1] < 0x40:
                values[key], at = data[at + 1], at + 2
            elif kind == _DOUBLE:
                values[key], at = _unpack_double(data, at + 1)[0], at + 9
            else:
                self.at = at
                value = self._read_value(levels - 1)
                if value is not _UNDEFINED:
                    values[key] = value
                at = self.at
        self.at = at
        self.steps += count
        self._count_step()
        return values

    def _read_array(self, levels: int) -> Any:
        if not levels:
            raise Malformed("nested too deeply")
        count = self._read_number()
        if _FAST_FROM <= count <= MAX_POINTS:
            for runs, kind in _FAST_ARRAYS:
                if (end := self._match_all(count, runs)) is not None:
                    self.at = end
                    self.steps += count // 16
                    return kind
        return [self._read_value(levels - 1) for _ in range(count)]

    def _match_all(self, count: int, runs: list[tuple[int, re.Pattern[bytes]]]) -> int | None:
        """Return the position after `count` items that match `runs`, or None if one does not."""
        at = self.at
        for run, pattern in runs:
            if count & run:
                match = pattern.match(self.data, at)
                if match is None:
                    return None
                at = match.end()
        return at

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
