"""Security events, logged with the account and the client address."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from apps.common.addresses import address_key, client_address
from apps.common.errors import DomainError

MINUTE = 60  # seconds
MAX_REFUSALS = 10_000  # lines per minute and process

log = logging.getLogger("kreida.security")


def log_security_event(
    event: str,
    *,
    request: HttpRequest | Request | None = None,
    user_id: int | None = None,
    **data: Any,
) -> None:
    """Log `event` (in snake_case, such as `sign_in_failed`); `data` must not contain secrets."""
    if request is not None and user_id is None:
        user_id = getattr(getattr(request, "user", None), "pk", None)
    if request is not None:
        data.setdefault("address", client_address(request))
    extra = {"event": event, "user_id": user_id, "address": None, **data}
    log.info("security event", extra={"data": extra})


class _Recent:
    """Events that this process has logged in the current minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._keys: set[tuple[object, ...]] = set()

    def add(self, *key: object) -> bool:
        """Return True if `key` is new in this minute."""
        with self._lock:
            minute = int(time.time() // MINUTE)
            if minute != self._minute:
                self._minute, self._keys = minute, set()
            if key in self._keys or len(self._keys) >= MAX_REFUSALS:
                return False
            self._keys.add(key)
            return True

    def clear(self) -> None:
        self._keys.clear()


_refusals = _Recent()


def log_refusal(event: str, code: str, *, user_id: int | None, address: str, **data: Any) -> None:
    """Log that a limit or a missing permission refused something; one line per event, code and
    account (of guests: address) and minute, since a client may try without end."""
    if _refusals.add(event, code, user_id or address_key(address)):
        log_security_event(event, user_id=user_id, address=address, code=code, **data)


@contextmanager
def logged_refusals(event: str, request: HttpRequest | Request) -> Iterator[None]:
    """Log it if the block raises a DomainError that is no mere mistake in the input."""
    try:
        yield
    except DomainError as exc:
        if exc.status not in (400, 415):
            user_id = getattr(request.user, "pk", None)
            log_refusal(event, exc.code, user_id=user_id, address=client_address(request))
        raise
