"""Clean pictures, those that hold the GIL for seconds in a subprocess."""

import struct
import subprocess
import sys
import threading
from pathlib import Path

from apps.classroom.pictures.cleaning import Picture, clean_picture
from apps.classroom.pictures.errors import (
    CleanerBusy,
    DamagedPicture,
    PictureTooLarge,
    UnknownPicture,
)

# Bytes of a GIF, whose pixels are walked in Python. A subprocess starts in 0.1 s.
LARGE_GIF = 128 * 1024
MAX_WAIT = 5.0  # seconds for another one to end; a page thread waits meanwhile
TIMEOUT = 60.0
EXIT_CODES = {UnknownPicture: 3, DamagedPicture: 4, PictureTooLarge: 5}
_slot = threading.BoundedSemaphore(1)
_ROOT = Path(__file__).resolve().parents[3]


def clean_picture_isolated(data: bytes) -> Picture:
    """Call `clean_picture`. Raises CleanerBusy too."""
    if not data.startswith(b"GIF8") or len(data) < LARGE_GIF:
        return clean_picture(data)
    if not _slot.acquire(timeout=MAX_WAIT):
        raise CleanerBusy
    try:
        done = subprocess.run(
            [sys.executable, "-m", "apps.classroom.pictures"],
            cwd=_ROOT,
            input=data,
            stdout=subprocess.PIPE,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise CleanerBusy from exc
    finally:
        _slot.release()
    for error, code in EXIT_CODES.items():
        if done.returncode == code:
            raise error
    if done.returncode:
        raise CleanerBusy
    return Picture("image/gif", done.stdout, *struct.unpack_from("<HH", done.stdout, 6))
