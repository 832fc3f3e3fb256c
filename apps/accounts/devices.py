"""Known devices: a long-lived signed cookie lists the accounts that have signed in there, or
reset their password."""

from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string

MAX_AGE = 400 * 86400  # seconds; browsers cap cookies at 400 days
MAX_ACCOUNTS = 8  # per device, the most recent ones
_SALT = "kreida.device"


def get_known_device_id(request: HttpRequest, user_id: int) -> str | None:
    """The id of the request's device if it is known to the account, else None."""
    device = _read_cookie(request)
    return device["id"] if user_id in device["accounts"] else None


def remember_device(request: HttpRequest, response: HttpResponse, user_id: int) -> None:
    device = _read_cookie(request)
    others = [account for account in device["accounts"] if account != user_id]
    device["accounts"] = [user_id, *others][:MAX_ACCOUNTS]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(device, salt=_SALT),
        max_age=MAX_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read_cookie(request: HttpRequest) -> dict[str, Any]:
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        device: dict[str, Any] = signing.loads(cookie, salt=_SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        return {"id": get_random_string(22), "accounts": []}
    return device
