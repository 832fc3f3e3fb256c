"""Check the Origin header: browsers let any page open a WebSocket to any server."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def is_allowed_origin(scope: MutableMapping[str, Any]) -> bool:
    """Accept a missing Origin (not a browser), PUBLIC_URL, and an allowed host's own origin."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin.decode("ascii"))
    except ValueError:  # includes UnicodeDecodeError
        return False
    if f"{parts.scheme}://{parts.netloc}".lower() == settings.PUBLIC_URL.lower():
        return True
    host = headers.get(b"host", b"").decode("latin-1").lower()
    is_allowed = validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    return is_allowed and parts.scheme in ("http", "https") and parts.netloc.lower() == host
