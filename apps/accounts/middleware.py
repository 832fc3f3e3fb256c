"""A signed-in person reads pages and errors in the language of their account."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation


class PersonalLocale:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The API is left to Accept-Language: it must not look up the session twice.
        if not request.path.startswith("/api/") and request.user.is_authenticated:
            translation.activate(request.user.locale)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)
