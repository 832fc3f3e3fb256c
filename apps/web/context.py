"""Template context of every page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from apps.web.shared.next_lesson import find_next_lesson
from apps.web.shared.pending import find_pending, sign_in_query

THEMES = ("light", "dark")


def page_context(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
    return {
        "theme": theme if theme in THEMES else "",
        "theme_cookie": settings.THEME_COOKIE_NAME,
        "sends_mail": bool(settings.EMAIL_URL),
        "next_lesson": SimpleLazyObject(lambda: find_next_lesson(request.user, timezone.now())),
        "pending": SimpleLazyObject(lambda: find_pending(request)),
        "sign_in_query": SimpleLazyObject(lambda: sign_in_query(request)),
    }
