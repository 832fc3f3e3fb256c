"""Detect one of the four supported formats by its first bytes, clean the file, check its size."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from apps.classroom.pictures import gif, jpeg, png, webp
from apps.classroom.pictures.errors import DamagedPicture, PictureTooLarge, UnknownPicture

# Decoding this many takes a browser 256 MiB; the cameras of phones make fewer.
MAX_PIXELS = 64 * 1024 * 1024
MAX_SIDE = 16_384
# All frames of an animation together: ten minutes of 400 × 400 at 5 frames a second are half of it.
# Each browser in the room decodes them repeatedly.
MAX_ANIMATED_PIXELS = 16 * MAX_PIXELS
MAX_FRAMES = 3000

# Returns the file without metadata, its width, height and number of frames. Raises struct.error or
# IndexError at an early end of the file.
Cleaner = Callable[[bytes], tuple[bytes, int, int, int]]


@dataclass(frozen=True, slots=True)
class Picture:
    mime_type: str
    data: bytes


def clean_picture(data: bytes) -> Picture:
    """Return the picture without its metadata.

    Pixels are copied, not decoded: no quality is lost, and a header that declares a huge size costs
    nothing. Raises UnknownPicture, DamagedPicture or PictureTooLarge.
    """
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
