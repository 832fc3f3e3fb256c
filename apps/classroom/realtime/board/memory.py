"""Memory that large boards leave behind: the C library keeps it unless it is asked."""

import ctypes
import ctypes.util
from functools import cache
from typing import Any

LARGE_BLOCK = 1024 * 1024
KEPT = 32 * 1024 * 1024  # of free memory, until give_back is called
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # as in malloc.h


@cache
def _libc() -> Any:
    name = ctypes.util.find_library("c")
    return ctypes.CDLL(name) if name else None


def configure_malloc() -> None:
    """What is freed of them goes back to the system at once. By itself glibc learns from the first
    whole board to take even those from its heap, where anything small behind one keeps it."""
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, KEPT)  # else the heap shrinks and grows with each batch


def release_memory() -> None:
    """To the system, where the C library can (glibc's does). Takes some milliseconds."""
    trim = getattr(_libc(), "malloc_trim", None)
    if trim is not None:
        trim(0)
