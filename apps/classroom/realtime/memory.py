"""Memory that large boards leave behind: the C library keeps it unless it is asked."""

import ctypes
import ctypes.util
from functools import cache
from typing import Any

LARGE_BLOCK = 512 * 1024
_M_MMAP_THRESHOLD = -3  # as in malloc.h


@cache
def _libc() -> Any:
    name = ctypes.util.find_library("c")
    return ctypes.CDLL(name) if name else None


def keep_no_large_blocks() -> None:
    """What is freed of them goes back to the system at once. By itself glibc learns from the first
    whole board to take even those from its heap, where anything small behind one keeps it."""
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def give_back() -> None:
    """To the system, where the C library can (glibc's does). Takes some milliseconds."""
    trim = getattr(_libc(), "malloc_trim", None)
    if trim is not None:
        trim(0)
