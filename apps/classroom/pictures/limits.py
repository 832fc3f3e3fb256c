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
# Sub-blocks of a GIF of up to 255 bytes; the largest file has 41,000 full ones.
MAX_BLOCKS = 100_000
# Bytes that encoders need for noise, which is the worst case, and beside it: of a JPEG, per sample
# of a component (measured: 1.9); of a WebP, per pixel of a lossy (2.1), lossless (4.1) or
# transparency part (1.1). With more, something else is behind the pixels. See ADR 6.
JPEG_BYTES, VP8_BYTES, VP8L_BYTES, ALPHA_BYTES = 2.0, 3.0, 4.25, 1.25
MAX_BYTES_BESIDES = 1024

T = TypeVar("T")


def limit_parts(parts: Iterable[T], limit: int = MAX_PARTS) -> Iterator[T]:
    """Yield the parts of a file. Raises DamagedPicture if there are too many."""
    for number, part in enumerate(parts):
        if number >= limit:
            raise DamagedPicture("has too many parts")
        yield part


def check_coded_size(coded: int, samples: int, bytes_per_sample: float) -> None:
    """Raises DamagedPicture if the bytes cannot all belong to the pixels.

    Where pixels end in a JPEG's scan or in a WebP only a decoder knows.
    """
    if coded > MAX_BYTES_BESIDES + bytes_per_sample * samples:
        raise DamagedPicture("has more data than pixels")


def padded(length: int, to: int) -> int:
    """Return the length in whole blocks."""
    return -(-length // to) * to


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
