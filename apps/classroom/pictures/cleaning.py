"""The four formats that a board takes, told apart by their first bytes."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from apps.classroom.pictures import gif, jpeg, png, webp
from apps.classroom.pictures.errors import DamagedPicture, PictureTooLarge, UnknownPicture

# What a browser needs 256 MiB for; the cameras of phones stay below it.
MAX_PIXELS = 64 * 1024 * 1024
MAX_SIDE = 16_384

# The file without its metadata, its width and its height. Raises what reading past its end does.
Cleaner = Callable[[bytes], tuple[bytes, int, int]]


@dataclass(frozen=True, slots=True)
class Picture:
    mime_type: str
    data: bytes


def clean_picture(data: bytes) -> Picture:
    """Raises UnknownPicture, DamagedPicture or PictureTooLarge. Pixels are copied, not decoded: a
    header that promises more than there is costs nothing, and nothing is lost."""
    mime_type, clean = _format_of(data)
    try:
        cleaned, width, height = clean(data)
    except (struct.error, IndexError) as exc:
        raise DamagedPicture("ends too early") from exc
    if not width or not height:
        raise DamagedPicture("has no size")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureTooLarge
    return Picture(mime_type, cleaned)


def _format_of(data: bytes) -> tuple[str, Cleaner]:
    if data.startswith(png.SIGNATURE):
        return "image/png", png.clean
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", jpeg.clean
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", gif.clean
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", webp.clean
    raise UnknownPicture
