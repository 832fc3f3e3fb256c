"""JPEG: segments that begin with a marker; after a scan's header, its entropy-coded data."""

import re
import struct

from apps.classroom.pictures.errors import DamagedPicture
from apps.classroom.pictures.exif import orientation_only, read_orientation

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
# Frame headers, among which 0xC4, 0xC8 and 0xCC are other things.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# Of a progressive picture; each makes a browser go over all of it once more.
_MOST_SCANS = 100
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}
_JFIF, _EXIF, _ICC, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
_EXIF_HEAD = b"Exif\0\0"
# In entropy-coded data 0xFF is followed by 0, or by the number of a restart.
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    kept, size, turned = [b"\xff\xd8"], (0, 0), b""
    at, scans = 2, 0
    while True:
        marker, at = _marker(data, at)
        if marker == _END:
            break
        (length,) = struct.unpack_from(">H", data, at)
        body = data[at + 2 : at + length]
        if length < 2 or at + length > len(data):
            raise DamagedPicture("ends within a segment")
        at += length
        if marker in _FRAMES:
            if size != (0, 0):  # of two, some readers believe the one and some the other
                raise DamagedPicture("has two frames")
            size = struct.unpack_from(">HH", body, 1)
        if marker == _EXIF and body.startswith(_EXIF_HEAD):
            turned = orientation_only(read_orientation(body[len(_EXIF_HEAD) :])) or turned
        elif (needed := _needed(marker, body)) is not None:
            kept.append(_segment(marker, needed))
        if marker == _SCAN:
            end = _end_of_scan(data, at)
            kept.append(data[at:end])
            at, scans = end, scans + 1
    if not 0 < scans <= _MOST_SCANS:
        raise DamagedPicture("has no picture in it, or one that is sharpened too many times")
    if turned:
        # Behind JFIF, whose place is the first.
        kept.insert(2 if kept[1][1] == _JFIF else 1, _segment(_EXIF, _EXIF_HEAD + turned))
    return b"".join([*kept, b"\xff\xd9"]), size[1], size[0], 1


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker there, and where what belongs to it begins. More than one 0xFF is allowed."""
    if data[at] != 0xFF:
        raise DamagedPicture("has no marker where one must be")
    while data[at] == 0xFF:
        at += 1
    if data[at] < 0xC0 or _START >= data[at] >= 0xD0:
        raise DamagedPicture("has a marker out of its place")
    return data[at], at + 1


def _needed(marker: int, body: bytes) -> bytes | None:
    """What it takes to draw it; None for all else: Exif, XMP, IPTC, comments, small pictures."""
    if marker in _FRAMES or marker in _TABLES or marker == _SCAN:
        return body
    if marker == _JFIF and body.startswith(b"JFIF\0") and len(body) >= 14:
        return body[:12] + b"\0\0"
    if marker == _ICC and body.startswith(b"ICC_PROFILE\0"):
        return body
    if marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
        return body[:12]
    return None


def _end_of_scan(data: bytes, at: int) -> int:
    found = _NEXT_MARKER.search(data, at)
    if found is None:
        raise DamagedPicture("ends within a scan")
    return found.start()


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
