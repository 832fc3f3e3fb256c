"""Rate limits of the API and the pages, which share their counts."""

import math
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from apps.common.addresses import address_key, client_address
from apps.common.errors import throttled

WINDOW = 60  # seconds
REQUESTS_PER_WINDOW = {"join": 30, "invite": 120}


def check_rate_limit(request: HttpRequest | Request, name: str) -> None:
    """Count a request of the user, or of the address of a visitor. Raises `throttled`."""
    if not settings.THROTTLING:
        return
    is_visitor = not request.user.is_authenticated
    who = address_key(client_address(request)) if is_visitor else request.user.pk
    key = f"rate:{name}:{who}"
    now = time.time()
    recent = [earlier for earlier in cache.get(key, []) if earlier > now - WINDOW]
    if len(recent) >= REQUESTS_PER_WINDOW[name]:
        retry_after = math.ceil(recent[0] + WINDOW - now)
        raise throttled(retry_after, _("Too many attempts. Wait a minute and try again."))
    cache.set(key, [*recent, now], WINDOW)
