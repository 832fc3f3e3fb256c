"""Middleware for a user's language and for responses to sign-in requests."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation

from apps.accounts.devices import remember_device
from apps.accounts.hashers import hashing_busy_error
from apps.common.errors import DomainError
from apps.common.threads import HASHING_QUEUE_FULL

Handler = Callable[[HttpRequest], HttpResponse]
_HEADLESS = "/_allauth/"
_RATE_WINDOW = 60  # seconds; allauth's own rate limits


class UserLocaleMiddleware:
    """Activates the language of the signed-in user's account."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The API uses Accept-Language, to avoid a second session lookup; feeds have no session.
        if not request.path.startswith(("/api/", "/feeds/")) and request.user.is_authenticated:
            translation.activate(request.user.locale)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class SignInResponseMiddleware:
    """Answers rate-limited sign-ins with 429 and Retry-After, as a page or as JSON, and sets the
    known-device cookie after a sign-in or a password reset."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if HASHING_QUEUE_FULL in request.META:
            return _error_response(request, hashing_busy_error())
        response = self.get_response(request)
        user_id = getattr(request, "known_to_user_id", None)
        if user_id is not None:
            remember_device(request, response, user_id)
        retry_after = getattr(request, "retry_after", None)
        if retry_after is not None:
            response.status_code = 429
            response["Retry-After"] = str(retry_after)
        elif response.status_code == 429 and not request.path.startswith("/api/"):
            response.setdefault("Retry-After", str(_RATE_WINDOW))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DomainError) and request.path.startswith(_HEADLESS):
            return _error_response(request, exception)
        return None


def _error_response(request: HttpRequest, exc: DomainError) -> HttpResponse:
    """Render the error as a page, or as JSON in the format of allauth's headless API."""
    if request.path.startswith(_HEADLESS):
        errors = [{"code": exc.code, "message": exc.detail}]
        response: HttpResponse = JsonResponse(
            {"status": exc.status, "errors": errors}, status=exc.status
        )
    else:
        response = render(request, "refused.html", {"detail": exc.detail}, status=exc.status)
    if exc.retry_after is not None:
        response["Retry-After"] = str(exc.retry_after)
    return response
