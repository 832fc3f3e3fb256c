"""One serving process per database, or several that are connected by Redis.

Processes without Redis would not see one another's rooms. On SQLite they lock a file, on PostgreSQL
they take a session's advisory lock, which the server releases when the connection ends.
"""

import asyncio
import fcntl
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, ClassVar

from django.db import OperationalError, connection
from psycopg import OperationalError as PsycopgOperationalError

from apps.common.supervisor import set_failing

TASK = "process-lock"
ADVISORY_LOCK = int.from_bytes(b"kreida")  # PostgreSQL scopes advisory locks to the database
WAIT_SECONDS = 30.0  # for a process that stops: uvicorn gives its requests 20 s
RETRY_SECONDS, CHECK_SECONDS = 0.5, 10.0
# The server notices within 25 s that the machine of a process is gone, and releases its lock.
_KEEPALIVES = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
log = logging.getLogger("kreida.process_lock")

# Kept open until the process ends, when the kernel releases the locks.
_lock_files: list[IO[str]] = []


class AlreadyServedError(Exception):
    """Another process serves this database."""


def lock_database(database: Path, *, shared: bool) -> None:
    """Lock `<database>.lock` until this process ends. Processes connected by Redis use a shared
    lock. Raises AlreadyServedError."""
    file = database.with_name(f"{database.name}.lock").open("a")
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        file.close()
        raise AlreadyServedError from exc
    _lock_files.append(file)


class PostgresLock:
    """An advisory lock on a connection of its own, taken again when the connection was lost."""

    current: ClassVar["PostgresLock | None"] = None  # of this process, once it serves

    def __init__(self, *, shared: bool) -> None:
        suffix = "_shared" if shared else ""
        self._statement = f"SELECT pg_try_advisory_lock{suffix}(%s)"
        self._connection: Any = None
        self._is_held = False

    @property
    def is_held(self) -> bool:
        return self._is_held

    def acquire(self, on_wait: Callable[[], None]) -> None:
        """Wait up to WAIT_SECONDS for a process that is stopping. Raises AlreadyServedError.

        Returns without the lock while the database is unavailable; `keep` takes it later."""
        deadline = time.monotonic() + WAIT_SECONDS
        has_waited = False
        try:
            while not self.hold():
                if time.monotonic() >= deadline:
                    self.release()
                    raise AlreadyServedError
                if not has_waited:
                    on_wait()
                has_waited = True
                time.sleep(RETRY_SECONDS)
        except (OperationalError, PsycopgOperationalError) as exc:
            log.warning("the process lock cannot be taken: %s", type(exc).__name__)

    def hold(self) -> bool:
        """Return True if this process holds the lock, and False if another one does. Connects again
        if necessary; raises OperationalError if the database is unavailable."""
        if self._connection is not None:
            try:
                self._connection.execute("SELECT 1")
            except PsycopgOperationalError:
                log.warning("the connection that holds the process lock was lost")
                self.release()
        if self._connection is None:
            self._connection = self._connect()
        if not self._is_held:
            self._is_held = self._connection.execute(self._statement, [ADVISORY_LOCK]).fetchone()[0]
        return self._is_held

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._is_held = None, False

    async def keep(self) -> None:
        """Hold the lock until cancelled. While another process has it, `/readyz` answers 503."""
        was_held = True
        while True:
            try:
                is_held = await asyncio.to_thread(self.hold)
            except (OperationalError, PsycopgOperationalError):
                is_held = was_held  # the readiness check of the database reports it
                await asyncio.to_thread(self.release)
            if was_held and not is_held:
                log.error("another process without REDIS_URL serves this database; stop one")
            was_held = is_held
            set_failing(TASK, not is_held)
            await asyncio.sleep(CHECK_SECONDS)

    @staticmethod
    def _connect() -> Any:
        params = connection.get_connection_params()
        options = f"{params.get('options', '')} {_KEEPALIVES}".strip()
        connected = connection.get_new_connection({**params, "options": options})
        connected.autocommit = True
        return connected
