"""One queue for all of a process's writes to SQLite, which has one writer at a time.

SQLite's own wait sleeps and tries again, up to 100 ms a time, so that whoever comes at the right
moment goes first and one who waits may starve. Here the turn is handed on in order of arrival,
and what `urgent` marks, the board's log, goes before all that waits.
"""

import heapq
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_thread = threading.local()


@contextmanager
def urgent() -> Iterator[None]:
    """What this thread writes inside goes first. On PostgreSQL it changes nothing."""
    _thread.is_urgent = True
    try:
        yield
    finally:
        _thread.is_urgent = False


class WriteQueue:
    def __init__(self) -> None:
        # Reentrant: collecting a connection that had the turn releases it, in any thread.
        self._guard = threading.RLock()
        self._is_taken = False
        self._waiting: list[tuple[bool, int, threading.Event]] = []
        self._numbers = count()

    def acquire(self, timeout: float) -> bool:
        """Whether the turn came within so many seconds. Any thread may release it."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            is_urgent = getattr(_thread, "is_urgent", False)
            mine = (not is_urgent, next(self._numbers), threading.Event())
            heapq.heappush(self._waiting, mine)
        if mine[2].wait(timeout):
            return True
        with self._guard:
            if mine[2].is_set():  # the turn came in this very moment
                return True
            self._waiting.remove(mine)
            heapq.heapify(self._waiting)
        return False

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                heapq.heappop(self._waiting)[2].set()
            else:
                self._is_taken = False
