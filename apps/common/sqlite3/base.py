"""Django's SQLite backend with a fair write lock for the connections of one process.

A connection holds the lock from its first write until its transaction ends. Between processes,
SQLite's own busy handler applies.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection, OperationalError
from typing import Any

from django.db.backends.sqlite3 import base

from apps.common.write_queue import WriteQueue

_READ_PREFIXES = ("SELECT", "PRAGMA", "EXPLAI")
_queues: defaultdict[str, WriteQueue] = defaultdict(WriteQueue)


class QueuedConnection(Connection):
    queue: WriteQueue
    lock_timeout: float
    holds_lock = False

    @contextmanager
    def write_lock(self, statement: str) -> Iterator[None]:
        """Acquire the lock before a write; keep it if the statement opened a transaction."""
        if self.in_transaction or statement.lstrip()[:6].upper() in _READ_PREFIXES:
            yield
            return
        self._acquire_lock()
        try:
            yield
        finally:
            self._release_unless_in_transaction()

    def commit(self) -> None:
        try:
            super().commit()
        finally:
            self._release_unless_in_transaction()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._release_unless_in_transaction()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._release()

    def __del__(self) -> None:
        """Release the lock if a thread ended without closing its connection."""
        self._release()

    def _acquire_lock(self) -> None:
        if self.holds_lock:
            return
        if not self.queue.acquire(self.lock_timeout):
            raise OperationalError("database is locked")
        self.holds_lock = True

    def _release_unless_in_transaction(self) -> None:
        if not self.in_transaction:
            self._release()

    def _release(self) -> None:
        if self.holds_lock:
            self.holds_lock = False
            self.queue.release()


class Cursor(base.SQLiteCursorWrapper):
    connection: QueuedConnection

    def execute(self, query: str, params: Any = None) -> Any:
        with self.connection.write_lock(query):
            return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        with self.connection.write_lock(query):
            return super().executemany(query, param_list)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "factory": QueuedConnection}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.queue = _queues[str(conn_params["database"])]
        connection.lock_timeout = conn_params.get("timeout", 5.0)
        return connection

    def create_cursor(self, name: Any = None) -> Any:
        return self.connection.cursor(factory=Cursor)
