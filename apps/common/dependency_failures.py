"""Turn failures of dependencies into 503 (unavailable or slow) and 507 (storage full)."""

import errno
import logging
import sqlite3
from collections.abc import Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from apps.common.errors import (
    DomainError,
    domain_error_response,
    service_unavailable,
    storage_full,
)

log = logging.getLogger("kreida.request")

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# An OperationalError with another code, such as for a missing table, is a programming error.
_SQLITE_UNAVAILABLE = (
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
    """Return the error for the client if `exc` comes from a failed dependency, else None.

    The exceptions behind `exc` count too: Django's sessions, for example, raise their own.
    """
    while exc is not None:
        refusal = _classify(exc)
        if refusal is not None:
            return refusal
        exc = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    return None


def _classify(exc: BaseException) -> DomainError | None:
    if isinstance(exc, OSError) and exc.errno in _NO_SPACE:
        return storage_full()
    if settings.REDIS_URL and _is_redis_error(exc):
        return service_unavailable()
    if isinstance(exc, DatabaseError | InterfaceError):
        return _database_failure(exc)
    return None


def _is_redis_error(exc: BaseException) -> bool:
    from redis.exceptions import RedisError  # noqa: PLC0415 -- 7 MB, which others need not load

    return isinstance(exc, RedisError)


def _database_failure(exc: DatabaseError | InterfaceError) -> DomainError | None:
    code = getattr(exc.__cause__, "sqlite_errorcode", None)
    state = getattr(exc.__cause__, "sqlstate", None)
    if state == _PG_FULL or code == sqlite3.SQLITE_FULL or "disk is full" in str(exc):
        return storage_full()
    if state == _PG_READ_ONLY:
        return service_unavailable()
    if not isinstance(exc, OperationalError | InterfaceError):
        return None
    if code is not None and code & 0xFF not in _SQLITE_UNAVAILABLE:
        return None
    return service_unavailable()


def expects_json(path: str) -> bool:
    """Return True if clients of this path read JSON instead of HTML."""
    return path == "/api" or path.startswith(("/api/", "/_allauth/"))


def refusal_response(path: str, refusal: DomainError) -> HttpResponse:
    """Return JSON for API clients, else a page that needs neither the database nor the session."""
    if expects_json(path):
        return domain_error_response(refusal)
    context = {"detail": refusal.detail, "again": refusal.status in (503, 507)}
    response = HttpResponse(render_to_string("plain.html", context), status=refusal.status)
    if refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def refusal_messages(path: str, refusal: DomainError) -> list[MutableMapping[str, Any]]:
    """Return `refusal_response` as ASGI messages, for requests refused before Django sees them."""
    response = refusal_response(path, refusal)
    headers = [
        (b"content-length", str(len(response.content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    headers += [(name.lower().encode(), value.encode()) for name, value in response.items()]
    return [
        {"type": "http.response.start", "status": response.status_code, "headers": headers},
        {"type": "http.response.body", "body": response.content},
    ]


class DependencyFailureMiddleware:
    """Middleware that answers 503 or 507 instead of 500 if a dependency failed in a view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        refusal = dependency_failure(exception)
        return None if refusal is None else failure_response(request, refusal, exception)


def failure_response(
    request: HttpRequest, refusal: DomainError, exc: BaseException
) -> HttpResponse:
    """Log the cause, which is kept from the client, and return the response."""
    data = {"request_id": request.META.get("kreida.request_id"), "error": refusal.code}
    log.error("a dependency failed", exc_info=exc, extra={"data": data})
    return refusal_response(request.path, refusal)
