"""Security events, logged with the account and the client address."""

import logging
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from apps.common.addresses import client_address

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
    address = client_address(request) if request is not None else None
    extra = {"event": event, "user_id": user_id, "address": address, **data}
    log.info("security event", extra={"data": extra})
