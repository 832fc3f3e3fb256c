"""Django's SQLite backend, whose writers wait for their turn in a queue of this process first.

The turn belongs to the connection: from the statement that begins to write until SQLite is in no
transaction any more. Between processes SQLite's own wait decides, as ever.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection, OperationalError
from typing import Any

from django.db.backends.sqlite3 import base

from apps.common.write_queue import WriteQueue

_READS = ("SELECT", "PRAGMA", "EXPLAI")
_queues: defaultdict[str, WriteQueue] = defaultdict(WriteQueue)


class QueuedConnection(Connection):
    queue: WriteQueue
    patience: float
    has_turn = False

    @contextmanager
    def turn(self, statement: str) -> Iterator[None]:
        """Waits before a statement that begins to write; keeps the turn while it began more."""
        if self.in_transaction or statement.lstrip()[:6].upper() in _READS:
            yield
            return
        self._take_turn()
        try:
            yield
        finally:
            self._end_turn()

    def commit(self) -> None:
        try:
            super().commit()
        finally:
            self._end_turn()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._end_turn()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._release()

    def __del__(self) -> None:
        """Of a thread that ended without closing it, as threads of tests do."""
        self._release()

    def _take_turn(self) -> None:
        if self.has_turn:
            return
        if not self.queue.acquire(self.patience):
            raise OperationalError("database is locked")
        self.has_turn = True

    def _end_turn(self) -> None:
        if not self.in_transaction:
            self._release()

    def _release(self) -> None:
        if self.has_turn:
            self.has_turn = False
            self.queue.release()


class Cursor(base.SQLiteCursorWrapper):
    connection: QueuedConnection

    def execute(self, query: str, params: Any = None) -> Any:
        with self.connection.turn(query):
            return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        with self.connection.turn(query):
            return super().executemany(query, param_list)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "factory": QueuedConnection}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.queue = _queues[str(conn_params["database"])]
        connection.patience = conn_params.get("timeout", 5.0)
        return connection

    def create_cursor(self, name: Any = None) -> Any:
        return self.connection.cursor(factory=Cursor)
