"""Return freed memory of large boards to the system; glibc keeps it otherwise."""

import ctypes
import ctypes.util
from functools import cache
from typing import Any

LARGE_BLOCK = 1024 * 1024
TRIM_THRESHOLD = 32 * 1024 * 1024  # bytes of free memory kept until release_memory is called
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # as in malloc.h


@cache
def _libc() -> Any:
    name = ctypes.util.find_library("c")
    return ctypes.CDLL(name) if name else None


def configure_malloc() -> None:
    """Make glibc return large blocks to the system as soon as they are freed.

    By default glibc raises its threshold after the first large block is freed and takes the next
    ones from its heap, where any small block behind one keeps it from being returned.
    """
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, TRIM_THRESHOLD)  # or each batch would resize the heap


def release_memory() -> None:
    """Return free memory to the system if the C library can. Takes some milliseconds."""
    trim = getattr(_libc(), "malloc_trim", None)
    if trim is not None:
        trim(0)
