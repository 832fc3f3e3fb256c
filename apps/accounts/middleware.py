"""The language of an account, and what answers about signing in carry."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation

from apps.accounts.devices import remember_device
from apps.accounts.hashers import passwords_busy
from apps.common.errors import DomainError
from apps.common.threads import HASHING_QUEUE_FULL

Handler = Callable[[HttpRequest], HttpResponse]
_HEADLESS = "/_allauth/"
_RATE_WINDOW = 60  # seconds, of allauth's own limits


class PersonalLocale:
    """A signed-in person reads pages and errors in the language of their account."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The API is left to Accept-Language: it must not look up the session twice.
        if not request.path.startswith("/api/") and request.user.is_authenticated:
            translation.activate(request.user.locale)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class SignInAnswers:
    """Refusals of allauth's views and of the password pool as 429 with Retry-After, in the shape
    of who asked; and the cookie by which a device is known again."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if HASHING_QUEUE_FULL in request.META:
            return _refused(request, passwords_busy())
        response = self.get_response(request)
        signed_in = getattr(request, "signed_in_user_id", None)
        if signed_in is not None:
            remember_device(request, response, signed_in)
        retry_after = getattr(request, "retry_after", None)
        if retry_after is not None:
            response.status_code = 429
            response["Retry-After"] = str(retry_after)
        elif response.status_code == 429 and not request.path.startswith("/api/"):
            response.setdefault("Retry-After", str(_RATE_WINDOW))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DomainError) and request.path.startswith(_HEADLESS):
            return _refused(request, exception)
        return None


def _refused(request: HttpRequest, exc: DomainError) -> HttpResponse:
    """As a page, or in the shape of allauth's headless API."""
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
