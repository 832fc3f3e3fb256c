"""Lets one person's slow requests run one after another, so that they leave threads to others."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from apps.common.errors import throttled

# Of a person in a process: one runs, the others wait. Fewer than threads, of which some stay free.
MAX_REQUESTS = 3
MAX_WAIT = 10.0  # seconds

_guard = threading.Lock()
_requests: Counter[int] = Counter()  # by person, running or waiting
_locks: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)
_running = threading.local()


@contextmanager
def turn(user_id: int) -> Iterator[None]:
    """Wait until no other slow request of the user runs in this process; may be nested. Outside of
    a transaction, which would keep its locks meanwhile. Raises `throttled`."""
    if not settings.THROTTLING or getattr(_running, "user_id", None) == user_id:
        yield
        return
    with _guard:
        if _requests[user_id] >= MAX_REQUESTS:
            raise throttled(1)
        _requests[user_id] += 1
        lock = _locks[user_id]
    try:
        if not lock.acquire(timeout=MAX_WAIT):
            raise throttled(1)
        try:
            _running.user_id = user_id
            yield
        finally:
            _running.user_id = None
            lock.release()
    finally:
        with _guard:
            _requests[user_id] -= 1
            if not _requests[user_id]:
                del _requests[user_id], _locks[user_id]
