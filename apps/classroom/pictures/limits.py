"""How many pixels and frames a picture may have."""

from apps.classroom.pictures.errors import DamagedPicture, PictureTooLarge

# Decoding this many takes a browser 256 MiB; the cameras of phones make fewer.
MAX_PIXELS = 64 * 1024 * 1024
MAX_SIDE = 16_384
# All frames of an animation together: ten minutes of 400 × 400 at 5 frames a second are half of it.
# Each browser in the room decodes them repeatedly.
MAX_ANIMATED_PIXELS = 16 * MAX_PIXELS
MAX_FRAMES = 3000


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
