"""The four formats that a board takes, told apart by their first bytes."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from apps.classroom.pictures import gif, jpeg, png, webp
from apps.classroom.pictures.errors import DamagedPicture, PictureTooLarge, UnknownPicture

# What a browser needs 256 MiB for; the cameras of phones stay below it.
MAX_PIXELS = 64 * 1024 * 1024
MAX_SIDE = 16_384
# Of an animation, in all of its frames: ten minutes at 5 a second of 400 × 400 are half of it. Each
# browser in the room decodes them over and over.
MAX_ANIMATED_PIXELS = 16 * MAX_PIXELS
MAX_FRAMES = 3000

# The file without its metadata, its width, its height and how many frames it has. Raises what
# reading past its end does.
Cleaner = Callable[[bytes], tuple[bytes, int, int, int]]


@dataclass(frozen=True, slots=True)
class Picture:
    mime_type: str
    data: bytes


def clean_picture(data: bytes) -> Picture:
    """Raises UnknownPicture, DamagedPicture or PictureTooLarge. Pixels are copied, not decoded: a
    header that promises more than there is costs nothing, and nothing is lost."""
    mime_type, clean = _format_of(data)
    try:
        cleaned, width, height, frames = clean(data)
    except (struct.error, IndexError) as exc:
        raise DamagedPicture("ends too early") from exc
    if not width or not height:
        raise DamagedPicture("has no size")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureTooLarge
    if frames > MAX_FRAMES or frames * width * height > MAX_ANIMATED_PIXELS:
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
