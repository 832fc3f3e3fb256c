"""What a failed dependency is to a client: 503 where it is away or slow, 507 where it is full."""

import errno
import sqlite3

from django.db import DatabaseError, InterfaceError, OperationalError
from redis.exceptions import RedisError

from apps.common.errors import DomainError, service_unavailable, storage_full

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# An OperationalError with another code is a mistake of ours, as a missing table is.
_SQLITE_AWAY = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)
_PG_FULL = "53100"
_PG_READ_ONLY = "25006"  # a standby, during a failover


def dependency_failure(exc: BaseException | None) -> DomainError | None:
    """The refusal that tells a client of `exc`; None where it is no dependency's failure."""
    if isinstance(exc, OSError) and exc.errno in _NO_SPACE:
        return storage_full()
    if isinstance(exc, RedisError):
        return service_unavailable()
    if isinstance(exc, DatabaseError | InterfaceError):
        return _database_failure(exc)
    return None


def _database_failure(exc: DatabaseError | InterfaceError) -> DomainError | None:
    code = getattr(exc.__cause__, "sqlite_errorcode", None)
    state = getattr(exc.__cause__, "sqlstate", None)
    if state == _PG_FULL or code == sqlite3.SQLITE_FULL or "disk is full" in str(exc):
        return storage_full()
    if state == _PG_READ_ONLY:
        return service_unavailable()
    if not isinstance(exc, OperationalError | InterfaceError):
        return None
    if code is not None and code & 0xFF not in _SQLITE_AWAY:
        return None
    return service_unavailable()
