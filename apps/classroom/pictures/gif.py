"""GIF: a header, then images and extensions in sub-blocks, up to a trailer."""

import struct

from apps.classroom.pictures.errors import DamagedPicture

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
# Extensions with the number of times an animation is repeated.
_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")
_HEADER = 13  # bytes, including the logical screen descriptor


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    size = list(struct.unpack_from("<HH", data, 6))
    at = _HEADER + _colour_table(data[10])
    kept = [data[:at]]
    control = b""  # graphic control extension of the next image
    frames = 0
    while data[at] != _TRAILER:
        start = at
        if data[at] == _IMAGE:
            left, top, width, height = struct.unpack_from("<HHHH", data, at + 1)
            size = [max(size[0], left + width), max(size[1], top + height)]
            at = _end_of_blocks(data, at + 11 + _colour_table(data[at + 9]))
            kept += [control, data[start:at]]
            frames += 1
            control = b""
        elif data[at] == _EXTENSION:
            at = _end_of_blocks(data, at + 2)
            block = data[start:at]
            if block[1] == _GRAPHIC_CONTROL:
                control = block
            elif block[1] == _APPLICATION and block[2:].startswith(_LOOPS):
                kept.append(block)
        else:
            raise DamagedPicture("has an unknown block")
    if not frames:
        raise DamagedPicture("has no image")
    return b"".join([*kept, b"\x3b"]), size[0], size[1], frames


def _colour_table(flags: int) -> int:
    """Return the length of the colour table in bytes."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_blocks(data: bytes, at: int) -> int:
    """Return the position behind the empty sub-block that ends a sequence of sub-blocks."""
    while data[at]:
        at += data[at] + 1
    return at + 1
