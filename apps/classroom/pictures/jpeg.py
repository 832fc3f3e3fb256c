"""JPEG: segments that start with a marker; a scan's header is followed by entropy-coded data."""

import re
import struct

from apps.classroom.pictures.errors import DamagedPicture
from apps.classroom.pictures.exif import orientation_only, read_orientation

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
# Frame headers; 0xC4, 0xC8 and 0xCC in this range are other markers.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# Scans of a progressive picture; a browser processes the whole picture for each.
_MAX_SCANS = 100
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}
_JFIF, _EXIF, _ICC, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
_EXIF_HEAD = b"Exif\0\0"
# In entropy-coded data 0xFF is followed by 0 or by the number of a restart marker.
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    kept, size, exif_block = [b"\xff\xd8"], (0, 0), b""
    at, scans = 2, 0
    while True:
        marker, at = _read_marker(data, at)
        if marker == _END:
            break
        (length,) = struct.unpack_from(">H", data, at)
        body = data[at + 2 : at + length]
        if length < 2 or at + length > len(data):
            raise DamagedPicture("ends within a segment")
        at += length
        if marker in _FRAMES:
            if size != (0, 0):  # readers differ in which of the two they use
                raise DamagedPicture("has two frames")
            size = struct.unpack_from(">HH", body, 1)
        if marker == _EXIF and body.startswith(_EXIF_HEAD):
            exif_block = orientation_only(read_orientation(body[len(_EXIF_HEAD) :])) or exif_block
        elif (needed := _strip_segment(marker, body)) is not None:
            kept.append(_segment(marker, needed))
        if marker == _SCAN:
            end = _end_of_scan(data, at)
            kept.append(data[at:end])
            at, scans = end, scans + 1
    if not 0 < scans <= _MAX_SCANS:
        raise DamagedPicture("has no scan, or too many")
    if exif_block:
        # Behind JFIF, which must be first.
        kept.insert(2 if kept[1][1] == _JFIF else 1, _segment(_EXIF, _EXIF_HEAD + exif_block))
    return b"".join([*kept, b"\xff\xd9"]), size[1], size[0], 1


def _read_marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a position and the start of its data; 0xFF may be repeated."""
    if data[at] != 0xFF:
        raise DamagedPicture("has no marker where one is required")
    while data[at] == 0xFF:
        at += 1
    if data[at] < 0xC0 or _START >= data[at] >= 0xD0:
        raise DamagedPicture("has a misplaced marker")
    return data[at], at + 1


def _strip_segment(marker: int, body: bytes) -> bytes | None:
    """Return what drawing needs of a segment; None for Exif, XMP, IPTC, comments and thumbnails."""
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
