"""Read and write the Exif orientation, the only Exif field that is kept."""

import struct

_ORIENTATION = 0x0112
_SHORT = 3
_ENTRY = 12  # bytes


def read_orientation(tiff: bytes) -> int:
    """Return the orientation, 1 to 8; 1 (not rotated) if it is missing or unreadable."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for at in range(start + 2, start + 2 + count * _ENTRY, _ENTRY):
            tag, kind, _number, value = struct.unpack_from(order + "HHIH", tiff, at)
            if tag == _ORIENTATION:
                return value if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def orientation_only(orientation: int) -> bytes:
    """Return a TIFF block with the orientation alone; empty for 1."""
    if orientation == 1:
        return b""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0\0\0\0"
