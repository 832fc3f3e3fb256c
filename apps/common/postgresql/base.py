"""Django's PostgreSQL backend, whose statements end also when the server says nothing any more.

`statement_timeout` is kept by the server, so a server that hangs keeps none, and while its kernel
acknowledges what is sent no timeout of TCP ends the wait either (docs/adr/0012).
"""

from types import SimpleNamespace
from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

RV = TypeVar("RV")
CHECK_SECONDS = 3.0  # for the SELECT 1 by which a kept connection is checked


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself when a statement has no whole answer after `answer_timeout` seconds."""

    answer_timeout: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.answer_timeout if timeout is None else timeout)
        except psycopg.OperationalError as exc:
            # Only a wait that ended before the statement did leaves one under way.
            if timeout is None and self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()
                raise psycopg.OperationalError("the database did not answer in time") from exc
            raise


class DatabaseWrapper(base.DatabaseWrapper):
    # psycopg, but for the class of its connections.
    Database: Any = SimpleNamespace(**{**vars(psycopg), "connect": BoundedConnection.connect})

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        params.pop("answer_timeout", None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.answer_timeout = self.settings_dict["OPTIONS"].get("answer_timeout")
        return connection

    def is_usable(self) -> bool:
        if self.connection is None:
            return False
        usual, self.connection.answer_timeout = self.connection.answer_timeout, CHECK_SECONDS
        try:
            return bool(super().is_usable())
        finally:
            self.connection.answer_timeout = usual
