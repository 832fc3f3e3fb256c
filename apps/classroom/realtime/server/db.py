"""Database work of the sockets: in a few threads of its own, off the event loop."""

import asyncio
from collections.abc import Callable, Collection, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

# What database work may fail with when the database is away, full, or closes a connection.
Failure = (DatabaseError, InterfaceError)

THREADS = 4
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="room-db")


async def run(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`call` in a thread, with connections that died or grew old closed before and after."""

    def with_fresh_connection() -> T:
        close_old_connections()
        try:
            return call(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(with_fresh_connection, thread_sensitive=False, executor=_pool)()


async def run_large(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `run`, for what stores whole boards: the thread's connection is closed after it, since
    SQLite keeps a copy of what was bound to a statement as long as the statement is cached."""

    def and_close() -> T:
        try:
            return call(*args, **kwargs)
        finally:
            connection.close()

    return await run(and_close)


class BatchLoader(Generic[K, T]):
    """Asks at once for what is wanted at once: while one question is under way, the keys of the
    next gather. After a restart hundreds of sockets come in the same second."""

    def __init__(self, ask: Callable[[Collection[K]], Mapping[K, T]], *, max_batch: int) -> None:
        self._ask, self._at_most = ask, max_batch
        self._turn = asyncio.Lock()
        self._keys: set[K] = set()
        self._batch: asyncio.Task[Mapping[K, T]] | None = None

    async def get(self, key: K) -> T | None:
        """None where there is none. Raises what asking raised."""
        if self._batch is None or len(self._keys) >= self._at_most:
            self._keys = set()
            self._batch = asyncio.create_task(self._load_batch(self._keys))
        self._keys.add(key)
        answers = await asyncio.shield(self._batch)
        return answers.get(key)

    async def _load_batch(self, keys: set[K]) -> Mapping[K, T]:
        async with self._turn:
            if keys is self._keys:
                self._batch = None  # who comes from now on is to get a later answer
            return await run(self._ask, keys)
