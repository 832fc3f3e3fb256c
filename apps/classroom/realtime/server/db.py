"""Run the room server's database work in threads of its own, off the event loop."""

import asyncio
from collections.abc import Callable, Collection, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

# Raised when the database is unreachable or full, or closes a connection.
Failure = (DatabaseError, InterfaceError)

THREADS = 4
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="room-db")
# Compacting a large board may take its thread two minutes.
_large_pool = ThreadPoolExecutor(2, thread_name_prefix="room-db-large")


async def run(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `call` in a thread; close dead and expired connections before and after."""
    return await _run_in(_pool, call, *args, **kwargs)


async def _run_in(
    pool: ThreadPoolExecutor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    def with_fresh_connection() -> T:
        close_old_connections()
        try:
            return call(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(with_fresh_connection, thread_sensitive=False, executor=pool)()


async def run_large(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Like `run`, for storing whole boards: in threads of their own, which keep nothing else
    waiting, and without keeping the connection: SQLite keeps a copy of the parameters of each
    cached statement."""

    def call_and_close() -> T:
        try:
            return call(*args, **kwargs)
        finally:
            connection.close()

    return await _run_in(_large_pool, call_and_close)


class BatchLoader(Generic[K, T]):
    """Loads values by key, in batches: keys requested while a query runs share the next one.

    After a restart hundreds of sockets connect within a second.
    """

    def __init__(self, load: Callable[[Collection[K]], Mapping[K, T]], *, max_batch: int) -> None:
        self._load, self._max_batch = load, max_batch
        self._query_lock = asyncio.Lock()
        self._keys: set[K] = set()
        self._batch: asyncio.Task[Mapping[K, T]] | None = None

    async def get(self, key: K) -> T | None:
        """Return the value of `key`, or None. Raises whatever `load` raised."""
        if self._batch is None or len(self._keys) >= self._max_batch:
            self._keys = set()
            self._batch = asyncio.create_task(self._load_batch(self._keys))
        self._keys.add(key)
        results = await asyncio.shield(self._batch)
        return results.get(key)

    async def _load_batch(self, keys: set[K]) -> Mapping[K, T]:
        async with self._query_lock:
            if keys is self._keys:
                self._batch = None  # later requests must not get a result read before them
            return await run(self._load, keys)
