"""Security events: one log line each, with the account and the address they came from."""

import logging
from typing import Any

from django.http import HttpRequest

from apps.common.addresses import client_address

log = logging.getLogger("kreida.security")


def log_security_event(
    event: str, *, request: HttpRequest | None = None, user_id: int | None = None, **data: Any
) -> None:
    """Log `event` (a short snake_case name, as `sign_in_failed`) without any secret in `data`."""
    if request is not None and user_id is None:
        user_id = getattr(getattr(request, "user", None), "pk", None)
    address = client_address(request) if request is not None else None
    extra = {"event": event, "user_id": user_id, "address": address, **data}
    log.info("security event", extra={"data": extra})
