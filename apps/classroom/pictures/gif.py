"""GIF: a header, then images and extensions in sub-blocks, up to a trailer."""

import struct
from itertools import count

from apps.classroom.pictures.errors import DamagedPicture, PictureTooLarge
from apps.classroom.pictures.limits import MAX_BLOCKS, MAX_FRAMES, limit_parts
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
    frames, reader = 0, _BlockReader(data)
    for _ in limit_parts(count()):
        kind = data[at]
        if kind == _TRAILER:
            break
        if kind == _IMAGE:
            left, top, width, height = struct.unpack_from("<HHHH", data, at + 1)
            size = [max(size[0], left + width), max(size[1], top + height)]
            pixels_at = at + 10 + _colour_table(data[at + 9])
            kept += [control, data[at:pixels_at]]
            blocks, at = reader.read(pixels_at + 1)
            kept.append(_clean_pixels(data[pixels_at], blocks, width * height))
            frames += 1
            control = b""
        elif kind == _EXTENSION:
            label = data[at + 1]
            blocks, at = reader.read(at + 2)
            if label == _GRAPHIC_CONTROL:
                control = _clean_control(blocks)
            elif label == _APPLICATION:
                kept.append(_clean_loop(blocks))
        else:
            raise DamagedPicture("has an unknown block")
        if frames > MAX_FRAMES:
            raise PictureTooLarge
    if not frames:
        raise DamagedPicture("has no image")
    return b"".join([*kept, b"\x3b"]), size[0], size[1], frames


def _clean_pixels(min_bits: int, blocks: list[bytes], pixels: int) -> bytes:
    """Return the compressed pixels without what follows them in the same or in more sub-blocks."""
    if not 1 <= min_bits <= 8:
        raise DamagedPicture("has a damaged image")
    coded = b"".join(blocks)
    coded = coded[: end_of_pixels(coded, min_bits, pixels)]
    parts = (coded[i : i + 255] for i in range(0, len(coded), 255))
    return bytes((min_bits,)) + b"".join(bytes((len(b),)) + b for b in parts) + b"\0"


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


class _BlockReader:
    """Reads sequences of sub-blocks, of which a file may have MAX_BLOCKS in all."""

    def __init__(self, data: bytes) -> None:
        self._data, self._left = data, MAX_BLOCKS

    def read(self, at: int) -> tuple[list[bytes], int]:
        """Return the sub-blocks from a position on, and the position behind the empty one that
        ends them."""
        data, blocks = self._data, list[bytes]()
        while length := data[at]:
            blocks.append(data[at + 1 : at + 1 + length])
            at += length + 1
            if len(blocks) > self._left:
                raise DamagedPicture("has too many parts")
        self._left -= len(blocks)
        return blocks, at + 1
