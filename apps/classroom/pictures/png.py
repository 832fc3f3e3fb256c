"""PNG and APNG: a signature, then chunks with a checksum each."""

import struct
import zlib
from collections.abc import Iterator

from apps.classroom.pictures.errors import DamagedPicture
from apps.classroom.pictures.exif import orientation_only, read_orientation

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Chunks needed for drawing. The others are text, times, places and private chunks.
_KEPT = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"),
    *(b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD", b"pHYs"),
}
# The bit depths of each colour type; browsers draw no other.
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    kept: list[tuple[bytes, bytes]] = []
    exif_block = b""
    for kind, body in _chunks(data):
        if kind == b"eXIf":
            exif_block = orientation_only(read_orientation(body))
        elif kind in _KEPT:
            kept.append((kind, body))
        elif not kind[0] & 0x20:
            raise DamagedPicture("has an unknown critical chunk")
    kinds = [kind for kind, _ in kept]
    if kinds[0] != b"IHDR" or b"IDAT" not in kinds or kinds.count(b"IHDR") > 1:
        raise DamagedPicture("has no image")
    if exif_block:
        kept.insert(1, (b"eXIf", exif_block))
    width, height, bit_depth, colour_type = struct.unpack_from(">IIBB", kept[0][1])
    if bit_depth not in _BIT_DEPTHS.get(colour_type, ()):
        raise DamagedPicture("has an unknown colour type")
    cleaned = SIGNATURE + b"".join(_pack_chunk(kind, body) for kind, body in kept)
    return cleaned, width, height, max(1, kinds.count(b"fcTL"))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks up to IEND; what follows it is ignored."""
    at, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        body = data[at + 8 : at + 8 + length]
        if zlib.crc32(body, zlib.crc32(kind)) != check:
            raise DamagedPicture("has a wrong checksum")
        yield kind, body
        at += 12 + length


def _pack_chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", check)
