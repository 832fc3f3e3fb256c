"""Rate limits of feeds, without a session: per feed, and per address for all that it asks for.

An address may be that of a calendar service, which fetches the feeds of many people.
"""

import time

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.addresses import address_key, client_address
from apps.common.counters import count_up
from apps.common.errors import throttled
from apps.common.security_log import log_security_event

WINDOW = 60  # seconds
PER_FEED, PER_ADDRESS = 30, 600


def check_address_limit(request: HttpRequest) -> None:
    """Raises `throttled`."""
    _check(f"address:{address_key(client_address(request))}", PER_ADDRESS, request)


def check_feed_limit(request: HttpRequest, owner: User) -> None:
    """Raises `throttled`."""
    _check(f"owner:{owner.pk}", PER_FEED, request)


def _check(name: str, limit: int, request: HttpRequest) -> None:
    if not settings.THROTTLING:
        return
    window, elapsed = divmod(int(time.time()), WINDOW)
    count = count_up(f"rate:feed:{name}:{window}", 1, WINDOW)
    if count == limit + 1:  # once a window, since a program repeats its requests
        log_security_event("feed_limited", address=client_address(request))
    if count > limit:
        raise throttled(WINDOW - elapsed, _("Too many requests. Try again later."))
