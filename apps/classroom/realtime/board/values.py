"""Read lib0's `Any` values, as Yjs updates hold them, with a bound on their nesting.

yrs and browsers decode nested values recursively, so a value that nests deeply can crash them.
"""

import re
import struct
from collections.abc import Callable
from typing import Any

from apps.classroom.elements import MAX_POINTS
from apps.classroom.realtime.board.varints import Malformed, read_bytes, read_varint

MAX_NESTING = 100

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
_STRING, _INTEGER, _BIGINT, _OBJECT, _ARRAY, _BUFFER = 119, 125, 122, 118, 117, 116
_UNDEFINED = object()
_BIG_INTEGER = object()  # a BigInt in JavaScript, which is not valid in an element
_PLAIN_CONSTANTS = {126: None, 121: False, 120: True}
_CONSTANTS: dict[int, Any] = {127: _UNDEFINED, **_PLAIN_CONSTANTS}
_DOUBLE, _FLOAT = 123, 124
_unpack_double, _unpack_float = struct.Struct(">d").unpack_from, struct.Struct(">f").unpack_from
_FLOATS = {_FLOAT: struct.Struct(">f"), _DOUBLE: struct.Struct(">d"), _BIGINT: struct.Struct(">q")}


class NestedTooDeeply(Malformed):
    """A value has more than MAX_NESTING levels."""


def may_nest_too_deeply(update: bytes) -> bool:
    """Whether an update has as many arrays and objects as it takes; a quick look at its bytes."""
    return update.count(bytes((_ARRAY,))) + update.count(bytes((_OBJECT,))) > MAX_NESTING


class ValueReader:
    """Reads `data` from start to end; `at` is the position. Counts the steps it takes."""

    def __init__(self, data: bytes, max_steps: int) -> None:
        self.data, self.max_steps = data, max_steps
        self.at = 0
        self.steps = 0

    def _count_step(self) -> None:
        self.steps += 1
        if self.steps > self.max_steps:
            raise Malformed("the update has too many parts")

    def _read_number(self) -> int:
        byte = self.data[self.at]
        if byte < 0x80:
            self.at += 1
            return byte
        number, self.at = read_varint(self.data, self.at)
        return number

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

    def _read_value(self, levels: int) -> Any:
        """Read a value, which may nest `levels` deep. Raises NestedTooDeeply."""
        self._count_step()
        kind = self.data[self.at]
        self.at += 1
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in _FLOATS:
            (number,) = _FLOATS[kind].unpack_from(self.data, self.at)
            self.at += _FLOATS[kind].size
            return _BIG_INTEGER if kind == _BIGINT else number
        if kind in _SCALARS:
            return _SCALARS[kind](self)
        if kind in _CONTAINERS:
            return _CONTAINERS[kind](self, levels)
        raise Malformed("unknown value")

    def _skip_value(self) -> None:
        """Skip a value of any depth, without recursion."""
        containers = [(1, False)]  # values left to skip, and whether each has a key
        while containers:
            left, has_keys = containers.pop()
            if not left:
                continue
            containers.append((left - 1, has_keys))
            if has_keys:
                self._read_string()
            kind = self.data[self.at]
            if kind in _CONTAINERS:
                self._count_step()
                self.at += 1
                containers.append((self._read_number(), kind == _OBJECT))
            else:
                self._read_value(0)

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
            raise NestedTooDeeply("nested too deeply")
        data, values, count = self.data, dict[str, Any](), self._read_number()
        self.steps += count
        self._count_step()
        at = self.at
        for _ in range(count):
            size = data[at]
            if size < 0x80:
                end = at + 1 + size
                key, at = data[at + 1 : end].decode(), end
            else:
                self.at = at
                key, at = self._read_string(), self.at
            kind = data[at]
            if kind == _STRING and data[at + 1] < 0x80:
                end = at + 2 + data[at + 1]
                values[key], at = data[at + 2 : end].decode(), end
            elif kind == _INTEGER and data[at + 1] < 0x40:
                values[key], at = data[at + 1], at + 2
            elif kind == _FLOAT:
                values[key], at = _unpack_float(data, at + 1)[0], at + 5
            elif kind == _DOUBLE:
                values[key], at = _unpack_double(data, at + 1)[0], at + 9
            elif kind in _PLAIN_CONSTANTS:
                values[key], at = _PLAIN_CONSTANTS[kind], at + 1
            else:
                self.at = at
                value = self._read_value(levels - 1)
                if value is not _UNDEFINED:
                    values[key] = value
                at = self.at
        self.at = at
        return values

    def _read_array(self, levels: int) -> Any:
        if not levels:
            raise NestedTooDeeply("nested too deeply")
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


_CONTAINERS: dict[int, Callable[[ValueReader, int], Any]] = {
    _OBJECT: ValueReader._read_object,
    _ARRAY: ValueReader._read_array,
}
_SCALARS: dict[int, Callable[[ValueReader], Any]] = {
    _STRING: ValueReader._read_string,
    _INTEGER: ValueReader._read_integer,
    _BUFFER: ValueReader._read_bytes,
}
