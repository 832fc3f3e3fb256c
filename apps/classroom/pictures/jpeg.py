"""JPEG: segments that start with a marker; a scan's header is followed by entropy-coded data."""

import re
import struct
from collections.abc import Iterator
from itertools import count

from apps.classroom.pictures.errors import DamagedPicture
from apps.classroom.pictures.exif import orientation_only, read_orientation
from apps.classroom.pictures.icc import standard_profile
from apps.classroom.pictures.limits import JPEG_BYTES, check_coded_size, limit_parts, padded

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_HUFFMAN, _QUANTISATION, _RESTART = 0xC4, 0xDB, 0xDD
_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended and progressive
_UNDRAWN_FRAMES = {*range(0xC3, 0xD0)} - {_HUFFMAN, 0xC8, 0xCC}  # browsers draw none of them
# Scans of a progressive picture; a browser processes the whole picture for each.
_MAX_SCANS = 100
_MAX_TABLES = 8  # of one segment; a decoder has room for no more
_JFIF, _EXIF, _ICC, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
_EXIF_HEAD, _ICC_HEAD = b"Exif\0\0", b"ICC_PROFILE\0"
# In entropy-coded data 0xFF is followed by 0 or by the number of a restart marker.
# One 0xFF only: with `\xff+` the search is quadratic in the length of a run that ends in 0x00.
_FILL = re.compile(rb"\xff*")
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    picture = _Cleaner()
    at = 2
    for _ in limit_parts(count()):
        marker, at = _read_marker(data, at)
        if marker == _END:
            break
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2 or at + length > len(data):
            raise DamagedPicture("ends within a segment")
        body = data[at + 2 : at + length]
        at += length
        if marker != _SCAN:
            picture.add_segment(marker, body)
            continue
        end = _end_of_scan(data, at)
        picture.add_scan(body, data[at:end])
        at = end
    return picture.join(), picture.size[0], picture.size[1], 1


class _Cleaner:
    """Collects what drawing needs. Tables are written when a scan uses them, and only those."""

    def __init__(self) -> None:
        self.size = (0, 0)
        self.scans = self.coded = self.samples = 0
        self.parts: list[bytes] = []
        self.application: dict[int, bytes] = {}
        self.profile: list[bytes] = []
        self.tables: dict[tuple[int, int], bytes] = {}  # by marker and id
        self.quantisers: list[int] = []  # ids, of the frame's components

    def add_segment(self, marker: int, body: bytes) -> None:
        if marker in _UNDRAWN_FRAMES:
            raise DamagedPicture("is coded in a way that no browser draws")
        if marker in _FRAMES:
            self._add_frame(marker, body)
        elif marker == _QUANTISATION:
            self.tables |= dict(limit_parts(_quantisation_tables(body), _MAX_TABLES))
        elif marker == _HUFFMAN:
            self.tables |= dict(limit_parts(_huffman_tables(body), _MAX_TABLES))
        elif marker == _RESTART:
            self.tables[_RESTART, 0] = body[:2]
        elif marker == _JFIF and body.startswith(b"JFIF\0"):
            self.application[_JFIF] = b"JFIF\0\1\1\0\0\1\0\1\0\0"
        elif marker == _EXIF and body.startswith(_EXIF_HEAD):
            if block := orientation_only(read_orientation(body[len(_EXIF_HEAD) :])):
                self.application[_EXIF] = _EXIF_HEAD + block
        elif marker == _ICC and body.startswith(_ICC_HEAD):
            self.profile.append(body[len(_ICC_HEAD) + 2 :])
        elif marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
            self.application[_ADOBE] = b"Adobe\0\x64\0\0\0\0" + body[11:12]

    def _add_frame(self, marker: int, body: bytes) -> None:
        if self.size != (0, 0):  # readers differ in which of the two they use
            raise DamagedPicture("has two frames")
        _depth, height, width, count = struct.unpack_from(">BHHB", body)
        if len(body) != 6 + 3 * count:
            raise DamagedPicture("has a damaged frame")
        self.size = (width, height)
        self.samples = _count_samples(width, height, body[7::3])
        self.quantisers = list(body[8::3])
        self.parts.append(_segment(marker, body))

    def add_scan(self, head: bytes, coded: bytes) -> None:
        count = head[0]
        if len(head) != 4 + 2 * count or not self.parts:
            raise DamagedPicture("has a damaged scan")
        used = [(_QUANTISATION, number) for number in self.quantisers] + [(_RESTART, 0)]
        used += [
            key
            for ids in head[2 : 2 + 2 * count : 2]
            for key in ((_HUFFMAN, ids >> 4), (_HUFFMAN, 0x10 | ids & 15))
        ]
        for key in used:
            if key in self.tables:
                self.parts.append(_segment(key[0], self.tables.pop(key)))
        self.parts += [_segment(_SCAN, head), coded]
        self.coded += len(coded)
        check_coded_size(self.coded, self.samples, JPEG_BYTES)
        self.scans += 1

    def join(self) -> bytes:
        if not 0 < self.scans <= _MAX_SCANS:
            raise DamagedPicture("has no scan, or too many")
        if profile := standard_profile(b"".join(self.profile)):
            self.application[_ICC] = _ICC_HEAD + b"\1\1" + profile
        application = [_segment(*item) for item in sorted(self.application.items())]
        return b"".join([b"\xff\xd8", *application, *self.parts, b"\xff\xd9"])


def _count_samples(width: int, height: int, factors: bytes) -> int:
    """Return how many samples the components have by their sampling factors, in whole blocks."""
    across, down = [factor >> 4 for factor in factors], [factor & 15 for factor in factors]
    if not factors or 0 in across or 0 in down:
        raise DamagedPicture("has a damaged frame")
    units = (
        padded(width, 8 * max(across)) // max(across) * padded(height, 8 * max(down)) // max(down)
    )
    return units * sum(a * d for a, d in zip(across, down, strict=True))


def _quantisation_tables(body: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while at < len(body):
        length = 129 if body[at] >> 4 else 65
        yield (_QUANTISATION, body[at] & 15), _exactly(body, at, length)
        at += length


def _huffman_tables(body: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while at < len(body):
        length = 17 + sum(_exactly(body, at, 17)[1:])
        yield (_HUFFMAN, body[at]), _exactly(body, at, length)
        at += length


def _exactly(body: bytes, at: int, length: int) -> bytes:
    if at + length > len(body):
        raise DamagedPicture("ends within a table")
    return body[at : at + length]


def _read_marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a position and the start of its data; 0xFF may be repeated."""
    if data[at] != 0xFF:
        raise DamagedPicture("has no marker where one is required")
    at = _end_of_fill(data, at)
    if data[at] < 0xC0 or _START >= data[at] >= 0xD0:
        raise DamagedPicture("has a misplaced marker")
    return data[at], at + 1


def _end_of_fill(data: bytes, at: int) -> int:
    found = _FILL.match(data, at)
    return found.end() if found else at


def _end_of_scan(data: bytes, at: int) -> int:
    found = _NEXT_MARKER.search(data, at)
    if found is None:
        raise DamagedPicture("ends within a scan")
    return at + len(data[at : found.start()].rstrip(b"\xff"))  # without fill bytes


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
