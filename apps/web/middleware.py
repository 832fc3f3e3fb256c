"""For pages only: activates the user's time zone and renders domain errors as HTML."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import DomainError

Handler = Callable[[HttpRequest], HttpResponse]
_NON_PAGE_PREFIXES = (
    *("/api/", "/feeds/", "/_allauth/", "/healthz", "/readyz"),
    settings.STATIC_URL,
)


class PageMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_NON_PAGE_PREFIXES):
            return self.get_response(request)
        zone = request.user.zone if isinstance(request.user, User) else None
        with timezone.override(zone):
            response = self.get_response(request)
            return (
                response
                if response.status_code != 405
                else _render_method_not_allowed(request, response)
            )

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError) or request.path.startswith(_NON_PAGE_PREFIXES):
            return None
        template = f"{exception.status}.html" if exception.status in (403, 404) else "refused.html"
        page = render(request, template, {"detail": exception.detail}, status=exception.status)
        if exception.retry_after is not None:
            page["Retry-After"] = str(exception.retry_after)
        return page


def _render_method_not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Signing in again redirects to a form's URL by GET; Django's own 405 page is blank."""
    page = render(request, "405.html", status=405)
    page["Allow"] = response["Allow"]
    return page
