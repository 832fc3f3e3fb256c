"""Detect one of the four supported formats by its first bytes, clean the file, check its size."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from apps.classroom.pictures import gif, jpeg, png, webp
from apps.classroom.pictures.errors import DamagedPicture, UnknownPicture
from apps.classroom.pictures.limits import check_size

# Returns the file without metadata, its width, height and number of frames. Raises struct.error or
# IndexError at an early end of the file.
Cleaner = Callable[[bytes], tuple[bytes, int, int, int]]


@dataclass(frozen=True, slots=True)
class Picture:
    mime_type: str
    data: bytes
    width: int
    height: int


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
    check_size(width, height, frames)
    return Picture(mime_type, cleaned, width, height)


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
