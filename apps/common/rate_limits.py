"""Rate limits of the API and the pages, which share their counts."""

import time

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from apps.common.addresses import address_key, client_address
from apps.common.counters import count_up
from apps.common.errors import throttled
from apps.common.security_log import log_security_event

WINDOW = 60  # seconds
# `link`: opened links that store a session.
REQUESTS_PER_WINDOW = {
    **{"join": 30, "invite": 120, "link": 300, "push-test": 5},
    **{"booking": 60, "external-calendar": 20, "pay": 120, "pay-card": 20},
    **{"booking-page": 120, "first-lesson": 6},
}


def check_rate_limit(request: HttpRequest | Request, name: str) -> None:
    """Count a request of the user, or of the address of a visitor. Raises `throttled`."""
    if not settings.THROTTLING:
        return
    is_visitor = not request.user.is_authenticated
    who = address_key(client_address(request)) if is_visitor else request.user.pk
    window, elapsed = divmod(int(time.time()), WINDOW)
    if count_up(f"rate:{name}:{who}:{window}", 1, WINDOW) > REQUESTS_PER_WINDOW[name]:
        log_security_event(f"{name}_limited", request=request)
        raise throttled(WINDOW - elapsed, _("Too many attempts. Wait a minute and try again."))
