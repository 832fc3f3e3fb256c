"""Template context of every page."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from apps.accounts.sign_up import tutors_need_invitation
from apps.web.shared.next_lesson import find_next_lesson
from apps.web.shared.pending import find_pending, sign_in_query

THEMES = ("light", "dark")


def page_context(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
    return {
        "theme": theme if theme in THEMES else "",
        "theme_cookie": settings.THEME_COOKIE_NAME,
        "sends_mail": bool(settings.EMAIL_URL),
        "site_name": settings.SCHOOL_NAME or "Kreida",
        "school_logo": settings.SCHOOL_LOGO,
        "has_privacy_page": bool(settings.PRIVACY_TEXT),
        "sign_up": {
            "is_open": SimpleLazyObject(lambda: get_adapter().is_open_for_signup(request)),
            "of_tutors": not tutors_need_invitation(),
        },
        "next_lesson": SimpleLazyObject(lambda: find_next_lesson(request.user, timezone.now())),
        "pending": SimpleLazyObject(lambda: find_pending(request)),
        "sign_in_query": SimpleLazyObject(lambda: sign_in_query(request)),
    }
