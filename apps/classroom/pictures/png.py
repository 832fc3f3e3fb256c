"""PNG and APNG: a signature, then chunks with a checksum each."""

import struct
import zlib
from collections.abc import Iterator

from apps.classroom.pictures.errors import DamagedPicture, PictureTooLarge
from apps.classroom.pictures.exif import orientation_only, read_orientation
from apps.classroom.pictures.icc import standard_profile
from apps.classroom.pictures.limits import check_frame, check_size, limit_parts

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
# The bit depths of each colour type; browsers draw no other.
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3  # colour type
_TRANSPARENT = {0: 2, 2: 6}  # length of tRNS by colour type
_MAX_PROFILE = 4 * 1024 * 1024  # bytes of a colour profile
# Colour spaces of a cICP chunk that browsers know: sRGB, Display P3, and BT.2020 with PQ and HLG.
_CICP = {b"\x01\x0d\0\x01", b"\x0c\x0d\0\x01", b"\x09\x10\0\x01", b"\x09\x12\0\x01"}
# Adam7: first column, first row, and the distances between columns and rows of each pass.
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_STEP = 1 << 16
_MAX_INFLATED = 1 << 30  # bytes of all frames; about two seconds of work

Chunk = tuple[bytes, bytes]


def clean(data: bytes) -> tuple[bytes, int, int, int]:
    chunks = list(limit_parts(_chunks(data)))
    if chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        raise DamagedPicture("has no header")
    header = _Header(chunks[0][1])
    kinds = [kind for kind, _ in chunks]
    if kinds.count(b"IHDR") > 1 or b"IDAT" not in kinds:
        raise DamagedPicture("has no image")
    first, last = kinds.index(b"IDAT"), len(kinds) - kinds[::-1].index(b"IDAT")
    found = dict(chunks[:first]) | {k: body for k, body in chunks if k == b"eXIf"}
    before = [*_colour_chunks(found, header)]
    pixels = _stream([body for kind, body in chunks[first:last] if kind == b"IDAT"])
    image = [(b"IDAT", _clean_stream(pixels, header.raw_size(header.width, header.height)))]
    frames = kinds.count(b"fcTL") if b"acTL" in kinds[:first] else 0
    if frames:
        check_size(header.width, header.height, frames)
        (loops,) = struct.unpack_from(">I", found[b"acTL"], 4)
        before.append((b"acTL", struct.pack(">II", frames, loops)))
        is_first = b"fcTL" in kinds[:first]
        image = list(_frames(chunks[1:], image, header, is_first))
    kept = [(b"IHDR", chunks[0][1]), *before, *image, (b"IEND", b"")]
    cleaned = SIGNATURE + b"".join(_pack_chunk(kind, body) for kind, body in kept)
    return cleaned, header.width, header.height, max(1, frames)


class _Header:
    def __init__(self, body: bytes) -> None:
        self.width, self.height, self.bit_depth, self.colour_type = struct.unpack_from(
            ">IIBB", body
        )
        if self.bit_depth not in _BIT_DEPTHS.get(self.colour_type, ()):
            raise DamagedPicture("has an unknown colour type")
        if body[10:12] != b"\0\0" or body[12] > 1:
            raise DamagedPicture("has an unknown compression")
        self.is_interlaced = body[12] == 1
        check_size(self.width, self.height)

    def raw_size(self, width: int, height: int) -> int:
        """Return the number of bytes of an image before compression, with its filter bytes."""
        passes = _ADAM7 if self.is_interlaced else ((0, 0, 1, 1),)
        size = 0
        for left, top, across, down in passes:
            columns, rows = -(-(width - left) // across), -(-(height - top) // down)
            bits = max(0, columns) * _CHANNELS[self.colour_type] * self.bit_depth
            size += max(0, rows) * (1 + -(-bits // 8)) if bits else 0
        return size


def _colour_chunks(found: dict[bytes, bytes], header: _Header) -> Iterator[Chunk]:
    """Yield palette and transparency, and what is made anew: colour space and orientation."""
    palette = found.get(b"PLTE", b"")[: 3 << min(8, header.bit_depth)]
    if header.colour_type == _PALETTE and (not palette or len(palette) % 3):
        raise DamagedPicture("has no palette")
    if found.get(b"cICP") in _CICP:
        yield b"cICP", found[b"cICP"]
    if profile := standard_profile(_inflate_profile(found.get(b"iCCP", b""))):
        yield b"iCCP", b"ICC\0\0" + zlib.compress(profile)
    if orientation := orientation_only(read_orientation(found.get(b"eXIf", b""))):
        yield b"eXIf", orientation
    transparent = found.get(b"tRNS", b"")
    if header.colour_type == _PALETTE:
        yield b"PLTE", palette
        transparent = transparent[: len(palette) // 3]
    elif len(transparent) != _TRANSPARENT.get(header.colour_type):
        transparent = b""
    if transparent:
        yield b"tRNS", transparent


def _inflate_profile(body: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(body.partition(b"\0")[2][1:], _MAX_PROFILE)
    except zlib.error:
        return b""


def _frames(
    chunks: list[Chunk], image: list[Chunk], header: _Header, is_first: bool
) -> Iterator[Chunk]:
    """Yield the frames of an animation, numbered anew; the image may be the first of them."""
    canvas, number, inflated = (header.width, header.height), 0, 0
    control, parts = b"", list[bytes]()
    yield from [] if is_first else image
    for kind, body in [*chunks, (b"fcTL", b"")]:
        if kind == b"fdAT":
            parts.append(body[4:])
        if kind != b"fcTL":
            continue
        if control:
            width, height, left, top = struct.unpack_from(">IIII", control, 4)
            check_frame(canvas, left, top, width, height)
            inflated += header.raw_size(width, height)
            if inflated > _MAX_INFLATED:
                raise PictureTooLarge
            yield b"fcTL", struct.pack(">I", number) + control[4:26]
            number += 1
            if is_first and number == 1:
                yield from image
            else:
                stream = _clean_stream(_stream(parts), header.raw_size(width, height))
                yield b"fdAT", struct.pack(">I", number) + stream
                number += 1
        if body and len(body) != 26:
            raise DamagedPicture("has a frame without a size")
        control, parts = body, []


def _stream(parts: list[bytes]) -> bytes:
    if not parts:
        raise DamagedPicture("has a frame without pixels")
    return b"".join(parts)


def _clean_stream(stream: bytes, raw_size: int) -> bytes:
    """Return a compressed stream without the bytes behind it.

    Raises DamagedPicture if it holds more than the pixels; it may hold fewer, as an upload that was
    cut off does.
    """
    inflater = zlib.decompressobj()
    size = 0
    try:
        for at in range(0, len(stream), _STEP):
            part = stream[at : at + _STEP]
            end = at + len(part)
            while part and not inflater.eof:
                size += len(inflater.decompress(part, _STEP))
                part = inflater.unconsumed_tail
                if size > raw_size:
                    raise DamagedPicture("has more data than pixels")
            if inflater.eof:
                return stream[: end - len(inflater.unused_data)]
        size += len(inflater.flush())
    except zlib.error as exc:
        raise DamagedPicture("has a damaged stream") from exc
    if size > raw_size:
        raise DamagedPicture("has more data than pixels")
    return stream[: len(stream) - len(inflater.unused_data)]


def _chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks up to IEND; what follows it is ignored."""
    at, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        body = data[at + 8 : at + 8 + length]
        if zlib.crc32(body, zlib.crc32(kind)) != check:
            raise DamagedPicture("has a wrong checksum")
        if not kind[0] & 0x20 and kind not in _CRITICAL:
            raise DamagedPicture("has an unknown critical chunk")
        yield kind, body
        at += 12 + length


def _pack_chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", check)
