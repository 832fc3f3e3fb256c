"""WebP: chunks in a RIFF container, padded to an even length."""

import struct
from collections.abc import Iterator

from apps.classroom.pictures.errors import DamagedPicture
from apps.classroom.pictures.exif import orientation_only, read_orientation
from apps.classroom.pictures.icc import standard_profile
from apps.classroom.pictures.limits import (
    ALPHA_BYTES,
    VP8_BYTES,
    VP8L_BYTES,
    check_coded_size,
    check_frame,
    limit_parts,
    padded,
)

_PIXELS = (b"VP8 ", b"VP8L")
_HAS_ICC, _HAS_ALPHA, _HAS_EXIF, _IS_ANIMATED = 0x20, 0x10, 0x08, 0x02
_FRAME_HEAD = 16
_FRAME_PARTS = 20  # chunks of one frame

Chunk = tuple[bytes, bytes]


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise DamagedPicture("ends too early")
    chunks = list(limit_parts(_chunks(data, 12, length + 8)))
    if chunks[0][0] in _PIXELS:  # then it is the only chunk that a decoder reads
        kept, size, frames = chunks[:1], _size(*chunks[0]), 1
        _check_coded_size(*chunks[0], size)
    else:
        kept, size, frames = _clean_extended(chunks)
    body = b"".join(_pack_chunk(kind, part) for kind, part in kept)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body, *size, frames


def _clean_extended(chunks: list[Chunk]) -> tuple[list[Chunk], tuple[int, int], int]:
    kind, head = chunks[0]
    if kind != b"VP8X" or len(head) != 10:
        raise DamagedPicture("does not start with an image")
    size = _canvas(head)
    found = dict(reversed(chunks[1:]))  # of several chunks of a kind the first counts
    flags = head[0] & (_HAS_ALPHA | _IS_ANIMATED)
    profile = standard_profile(found.get(b"ICCP", b""))
    orientation = orientation_only(read_orientation(_tiff(found.get(b"EXIF", b""))))
    flags |= _HAS_ICC if profile else 0
    flags |= _HAS_EXIF if orientation else 0
    images = list(_frames(chunks, size) if flags & _IS_ANIMATED else _image(chunks, size))
    if not images:
        raise DamagedPicture("has no image")
    kept = [(b"VP8X", bytes((flags, 0, 0, 0)) + head[4:])]
    kept += [(b"ICCP", profile)] if profile else []
    if flags & _IS_ANIMATED:
        kept.append((b"ANIM", struct.pack("<4sH", *struct.unpack_from("<4sH", found[b"ANIM"]))))
    kept += images
    kept += [(b"EXIF", orientation)] if orientation else []
    return kept, size, sum(kind == b"ANMF" for kind, _ in images) or 1


def _tiff(exif: bytes) -> bytes:
    return exif.removeprefix(b"Exif\0\0")


def _frames(chunks: list[Chunk], canvas: tuple[int, int]) -> Iterator[Chunk]:
    """Yield the frames of an animation without unknown chunks."""
    if b"ANIM" not in dict(chunks):
        raise DamagedPicture("has no animation")
    for kind, body in chunks:
        if kind != b"ANMF":
            continue
        left, top = 2 * _uint24(body, 0), 2 * _uint24(body, 3)
        width, height = 1 + _uint24(body, 6), 1 + _uint24(body, 9)
        check_frame(canvas, left, top, width, height)
        parts = _image(
            list(limit_parts(_chunks(body, _FRAME_HEAD, len(body)), _FRAME_PARTS)),
            (width, height),
        )
        head = body[: _FRAME_HEAD - 1] + bytes((body[_FRAME_HEAD - 1] & 3,))
        yield b"ANMF", head + b"".join(_pack_chunk(*part) for part in parts)


def _image(chunks: list[Chunk], size: tuple[int, int]) -> Iterator[Chunk]:
    """Yield the first image, which must have the declared size, with its transparency."""
    found = dict(reversed(chunks))
    kind, body = next(((k, b) for k, b in chunks if k in _PIXELS), (b"", b""))
    if not kind:
        raise DamagedPicture("has no image")
    if _size(kind, body) != size:
        raise DamagedPicture("has an image of another size than its frame")
    _check_coded_size(kind, body, size)
    if kind == b"VP8 " and (alpha := found.get(b"ALPH")):
        check_coded_size(len(alpha), size[0] * size[1], ALPHA_BYTES)
        is_raw = alpha[0] & 3 == 0
        yield b"ALPH", alpha[: 1 + size[0] * size[1]] if is_raw else alpha
    yield kind, body


def _canvas(head: bytes) -> tuple[int, int]:
    return 1 + _uint24(head, 4), 1 + _uint24(head, 7)


def _uint24(data: bytes, at: int) -> int:
    low, high = struct.unpack_from("<HB", data, at)
    return int(low | high << 16)


def _chunks(data: bytes, at: int, end: int) -> Iterator[Chunk]:
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise DamagedPicture("ends within a chunk")
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _size(kind: bytes, body: bytes) -> tuple[int, int]:
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and body[:1] == b"\x2f":
        (bits,) = struct.unpack_from("<I", body, 1)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise DamagedPicture("does not start with an image")


def _check_coded_size(kind: bytes, body: bytes, size: tuple[int, int]) -> None:
    """Raises DamagedPicture if an image has more data than its pixels can need."""
    if kind == b"VP8L":
        check_coded_size(len(body), size[0] * size[1], VP8L_BYTES)
    else:
        check_coded_size(len(body), padded(size[0], 16) * padded(size[1], 16), VP8_BYTES)


def _pack_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)
