"""Django's PostgreSQL backend with a client-side timeout for statements.

The server enforces `statement_timeout`, so a server that hangs does not, and TCP timeouts do not
help while its kernel still acknowledges packets (docs/adr/0012).
"""

from types import SimpleNamespace
from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

RV = TypeVar("RV")
CHECK_SECONDS = 3.0  # timeout of the SELECT 1 that checks a persistent connection


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself if a statement has no complete result after `answer_timeout` seconds."""

    answer_timeout: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.answer_timeout if timeout is None else timeout)
        except psycopg.OperationalError as exc:
            # After a timeout the statement is still active; after other errors it is not.
            if timeout is None and self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()
                raise psycopg.OperationalError("the database did not answer in time") from exc
            raise


class DatabaseWrapper(base.DatabaseWrapper):
    # The psycopg module with another connection class.
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
        timeout, self.connection.answer_timeout = self.connection.answer_timeout, CHECK_SECONDS
        try:
            return bool(super().is_usable())
        finally:
            self.connection.answer_timeout = timeout
