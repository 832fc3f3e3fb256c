"""Applies the API's rate limits to forms, which share their counters with the API."""

from types import SimpleNamespace
from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.throttling import ScopedRateThrottle

from apps.common.errors import DomainError


def check_rate_limit(request: HttpRequest, scope: str) -> None:
    """Raises `throttled`. DRF's throttle reads only `user` and `META` of the request."""
    view: Any = SimpleNamespace(throttle_scope=scope)
    if not ScopedRateThrottle().allow_request(cast(Any, request), view):
        raise DomainError("throttled", 429, _("Too many tries. Wait a minute and try again."))
