"""GIF: a header, then images and extensions in sub-blocks, up to a trailer."""

import struct
from collections.abc import Iterator

from apps.classroom.pictures.errors import DamagedPicture
from apps.classroom.pictures.lzw import end_of_pixels

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
# Extensions with the number of times an animation is repeated.
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_HEADER = 13  # bytes, including the logical screen descriptor


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    size = list(struct.unpack_from("<HH", data, 6))
    at = _HEADER + _colour_table(data[10])
    kept = [data[:12], b"\0", data[_HEADER:at]]
    control = b""  # graphic control extension of the next image
    frames = 0
    while data[at] != _TRAILER:
        start = at
        if data[at] == _IMAGE:
            left, top, width, height = struct.unpack_from("<HHHH", data, at + 1)
            size = [max(size[0], left + width), max(size[1], top + height)]
            pixels_at = at + 10 + _colour_table(data[at + 9])
            at = _end_of_blocks(data, pixels_at + 1)
            kept += [control, data[start:pixels_at]]
            kept.append(_clean_pixels(data, pixels_at, width * height))
            frames += 1
            control = b""
        elif data[at] == _EXTENSION:
            at = _end_of_blocks(data, at + 2)
            blocks = list(_blocks(data, start + 2))
            if data[start + 1] == _GRAPHIC_CONTROL:
                control = _clean_control(blocks)
            elif data[start + 1] == _APPLICATION:
                kept.append(_clean_loop(blocks))
        else:
            raise DamagedPicture("has an unknown block")
    if not frames:
        raise DamagedPicture("has no image")
    return b"".join([*kept, b"\x3b"]), size[0], size[1], frames


def _clean_pixels(data: bytes, at: int, pixels: int) -> bytes:
    """Return the compressed pixels without what follows them in the same or in more sub-blocks."""
    min_bits = data[at]
    if not 1 <= min_bits <= 8:
        raise DamagedPicture("has a damaged image")
    coded = b"".join(_blocks(data, at + 1))
    coded = coded[: end_of_pixels(coded, min_bits, pixels)]
    blocks = (coded[i : i + 255] for i in range(0, len(coded), 255))
    return bytes((min_bits,)) + b"".join(bytes((len(b),)) + b for b in blocks) + b"\0"


def _clean_control(blocks: list[bytes]) -> bytes:
    if not blocks or len(blocks[0]) != 4:
        raise DamagedPicture("has a damaged extension")
    flags, delay, transparent = struct.unpack("<BHB", blocks[0])
    return b"\x21\xf9\x04" + struct.pack("<BHB", flags & 0x1F, delay, transparent) + b"\0"


def _clean_loop(blocks: list[bytes]) -> bytes:
    """Return the number of repetitions; empty for another extension."""
    if len(blocks) < 2 or blocks[0] not in _LOOPS or len(blocks[1]) < 3 or blocks[1][0] != 1:
        return b""
    return b"\x21\xff\x0b" + blocks[0] + b"\x03" + blocks[1][:3] + b"\0"


def _colour_table(flags: int) -> int:
    """Return the length of the colour table in bytes."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(data: bytes, at: int) -> Iterator[bytes]:
    while data[at]:
        yield data[at + 1 : at + 1 + data[at]]
        at += data[at] + 1


def _end_of_blocks(data: bytes, at: int) -> int:
    """Return the position behind the empty sub-block that ends a sequence of sub-blocks."""
    while data[at]:
        at += data[at] + 1
    return at + 1
