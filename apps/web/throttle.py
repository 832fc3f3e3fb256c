"""The API's budgets, spent by forms too, so that neither is a way round the other."""

from types import SimpleNamespace
from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.throttling import ScopedRateThrottle

from apps.common.errors import DomainError


def spend(request: HttpRequest, scope: str) -> None:
    """Raises `throttled`. A Django request has all that the throttle reads (user and META)."""
    view: Any = SimpleNamespace(throttle_scope=scope)
    if not ScopedRateThrottle().allow_request(cast(Any, request), view):
        raise DomainError("throttled", 429, _("Too many tries. Wait a minute and try again."))
