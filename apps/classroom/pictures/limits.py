"""How many pixels and frames a picture may have."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from apps.classroom.pictures.errors import DamagedPicture, PictureTooLarge

# Decoding this many takes a browser 256 MiB; the cameras of phones make fewer.
MAX_PIXELS = 64 * 1024 * 1024
MAX_SIDE = 16_384
# All frames of an animation together: ten minutes of 400 × 400 at 5 frames a second are half of it.
# Each browser in the room decodes them repeatedly.
MAX_ANIMATED_PIXELS = 16 * MAX_PIXELS
MAX_FRAMES = 3000
# Chunks, segments or blocks of a file: an animation has a few for each frame. Walking the millions
# of empty ones that fit into a file would take a second.
MAX_PARTS = 20_000
# Bytes of compressed pixels per pixel and beside them; with more, something else is behind them.
MAX_BYTES_PER_PIXEL, MAX_BYTES_BESIDES = 8, 64 * 1024

T = TypeVar("T")


def limit_parts(parts: Iterable[T], limit: int = MAX_PARTS) -> Iterator[T]:
    """Yield the parts of a file. Raises DamagedPicture if there are too many."""
    for number, part in enumerate(parts):
        if number >= limit:
            raise DamagedPicture("has too many parts")
        yield part


def check_coded_size(coded: int, width: int, height: int) -> None:
    """Raises DamagedPicture if the bytes cannot all belong to the pixels.

    Where pixels end in a JPEG's scan or in a WebP only a decoder knows.
    """
    if coded > MAX_BYTES_BESIDES + MAX_BYTES_PER_PIXEL * width * height:
        raise DamagedPicture("has more data than pixels")


def check_size(width: int, height: int, frames: int = 1) -> None:
    """Raises DamagedPicture for an empty picture, or PictureTooLarge."""
    if not width or not height:
        raise DamagedPicture("has no size")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureTooLarge
    if frames > MAX_FRAMES or frames * width * height > MAX_ANIMATED_PIXELS:
        raise PictureTooLarge


def check_frame(canvas: tuple[int, int], left: int, top: int, width: int, height: int) -> None:
    """Raises DamagedPicture unless the frame lies within the canvas."""
    if not width or not height or left + width > canvas[0] or top + height > canvas[1]:
        raise DamagedPicture("has a frame outside its canvas")
