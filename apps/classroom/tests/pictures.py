"""Test pictures with the metadata that cameras and programs add."""

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

SECRET = b"50.4501N-30.5234E"
SIZE = (24, 16)
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
FORMATS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF"}


def make_image(shade: int = 0) -> Image.Image:
    """Return an image that differs in each corner, so that its orientation is visible."""
    image = Image.new("RGB", SIZE, (shade, 20, 20))
    image.paste((240, 240, 240), (0, 0, 8, 8))
    image.paste((20, 20, 240), (16, 8, 24, 16))
    return image


def exif(orientation: int = 1) -> bytes:
    found = Image.Exif()
    found[0x0112] = orientation
    found[0x010F] = SECRET.decode()  # camera manufacturer
    gps = found.get_ifd(0x8825)
    gps[1], gps[2] = "N", (50.0, 27.0, 0.36)
    gps[29] = SECRET.decode()
    return found.tobytes()


def with_metadata(kind: str, orientation: int = 1, **options: object) -> bytes:
    """Return a picture with all kinds of metadata that the format supports."""
    out = io.BytesIO()
    if kind == "png":
        options["pnginfo"] = words = PngImagePlugin.PngInfo()
        words.add_text("Comment", SECRET.decode())
        words.add_text("Zipped", SECRET.decode(), zip=True)
        words.add_itxt("XML:com.adobe.xmp", XMP.decode())
        words.add(b"prVt", SECRET)
    if kind in ("jpeg", "webp"):
        options["xmp"] = XMP
    if kind == "webp":
        options.setdefault("lossless", True)
    if kind in ("jpeg", "gif"):
        options["comment"] = SECRET
    if kind == "gif":
        return _save(make_image().quantize(8), out, kind, options)
    return _save(make_image(), out, kind, {**options, "exif": exif(orientation)})


def _save(image: Image.Image, out: io.BytesIO, kind: str, options: dict) -> bytes:
    image.save(out, FORMATS[kind], **options)
    return out.getvalue()


def animated(kind: str) -> bytes:
    frames = [make_image(shade) for shade in (60, 120, 180)]
    options = {"save_all": True, "append_images": frames[1:], "duration": 90, "loop": 0}
    extra = {"lossless": True, "exif": exif()} if kind == "webp" else {}
    return _save(frames[0], io.BytesIO(), kind, {**options, **extra})


def plain(kind: str) -> bytes:
    return _save(make_image(), io.BytesIO(), kind, {})


def png_chunk(kind: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + check


def declaring_size(kind: str, width: int, height: int) -> bytes:
    """Return a small file whose header declares a picture of the given size."""
    data = bytearray(plain(kind))
    if kind == "png":
        head = struct.pack(">II", width, height) + data[24:29]
        return bytes(data[:8]) + png_chunk(b"IHDR", bytes(head)) + bytes(data[33:])
    if kind == "gif":
        struct.pack_into("<HH", data, 6, width, height)
    if kind == "jpeg":
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    if kind == "webp":
        struct.pack_into("<HH", data, data.index(b"\x9d\x01\x2a") + 3, width, height)
    return bytes(data)


def large_picture(size: int) -> bytes:
    """Return a PNG of `size` bytes: rows of uncompressed grey pixels, the last of them missing."""
    length = size - 57
    while excess := len(pixels := zlib.compress(b"\0" * length, 0)) - (size - 57):
        length -= excess
    head = struct.pack(">II", 8000, 8000) + b"\x08\0\0\0\0"
    chunks = [(b"IHDR", head), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
