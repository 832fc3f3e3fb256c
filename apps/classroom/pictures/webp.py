"""WebP: chunks in a RIFF container, padded to an even length."""

import struct
from collections.abc import Iterator

from apps.classroom.pictures.errors import DamagedPicture
from apps.classroom.pictures.exif import orientation_only, read_orientation

_PIXELS = {b"VP8 ", b"VP8L"}
_KEPT = {*_PIXELS, b"VP8X", b"ICCP", b"ANIM", b"ALPH"}
_HAS_EXIF, _HAS_XMP = 0x08, 0x04
_FRAME_HEAD = 16


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise DamagedPicture("ends too early")
    kept: list[tuple[bytes, bytes]] = []
    exif_block = b""
    for kind, body in _chunks(data, 12, length + 8):
        if kind == b"EXIF":
            exif_block = orientation_only(read_orientation(body.removeprefix(b"Exif\0\0")))
        elif kind == b"ANMF":
            kept.append((kind, _frame(body)))
        elif kind in _KEPT:
            kept.append((kind, body))
    sizes = [_size(*kept[0])]
    sizes += [_size(kind, body) for kind, body in kept[1:] if kind in _PIXELS]
    if not {kind for kind, _ in kept} & {*_PIXELS, b"ANMF"}:
        raise DamagedPicture("has no image")
    if kept[0][0] == b"VP8X":
        flags = kept[0][1][0] & ~(_HAS_EXIF | _HAS_XMP) | (_HAS_EXIF if exif_block else 0)
        kept[0] = (b"VP8X", bytes((flags,)) + kept[0][1][1:])
        if exif_block:
            kept.append((b"EXIF", exif_block))
    body = b"".join(_pack_chunk(kind, part) for kind, part in kept)
    cleaned = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    frames = sum(kind == b"ANMF" for kind, _ in kept)
    return cleaned, *_largest(sizes), max(1, frames)


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise DamagedPicture("ends within a chunk")
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _frame(body: bytes) -> bytes:
    """Return an animation frame without unknown chunks."""
    parts = _chunks(body, _FRAME_HEAD, len(body))
    return body[:_FRAME_HEAD] + b"".join(
        _pack_chunk(kind, part) for kind, part in parts if kind in {*_PIXELS, b"ALPH"}
    )


def _size(kind: bytes, body: bytes) -> tuple[int, int]:
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and body[:1] == b"\x2f":
        (bits,) = struct.unpack_from("<I", body, 1)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise DamagedPicture("does not start with an image")


def _largest(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    return max(width for width, _ in sizes), max(height for _, height in sizes)


def _pack_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)
