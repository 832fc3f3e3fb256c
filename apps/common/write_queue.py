"""A fair lock for a process's writes to SQLite, which allows one writer at a time.

SQLite's own busy handler sleeps up to 100 ms between attempts, so that a waiting connection can
starve. This lock goes to the waiting threads in order of arrival, but first to those inside
`urgent_writes`: the board log.
"""

import heapq
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_thread = threading.local()


@contextmanager
def urgent_writes() -> Iterator[None]:
    """Let this thread's writes overtake all that wait. No effect on PostgreSQL."""
    _thread.is_urgent = True
    try:
        yield
    finally:
        _thread.is_urgent = False


class WriteQueue:
    def __init__(self) -> None:
        # Reentrant, because the garbage collector may close a connection while this is held.
        self._mutex = threading.RLock()
        self._is_held = False
        self._waiting: list[tuple[bool, int, threading.Event]] = []
        self._numbers = count()

    def acquire(self, timeout: float) -> bool:
        """Return True if the lock was acquired within `timeout` seconds; any thread may release."""
        with self._mutex:
            if not self._is_held:
                self._is_held = True
                return True
            is_urgent = getattr(_thread, "is_urgent", False)
            entry = (not is_urgent, next(self._numbers), threading.Event())
            heapq.heappush(self._waiting, entry)
        if entry[2].wait(timeout):
            return True
        with self._mutex:
            if entry[2].is_set():  # acquired between the timeout and this check
                return True
            self._waiting.remove(entry)
            heapq.heapify(self._waiting)
        return False

    def release(self) -> None:
        with self._mutex:
            if self._waiting:
                heapq.heappop(self._waiting)[2].set()
            else:
                self._is_held = False
