"""Template context of every page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark")


def page_context(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
    return {
        "theme": theme if theme in THEMES else "",
        "theme_cookie": settings.THEME_COOKIE_NAME,
        "sends_mail": bool(settings.EMAIL_URL),
    }
