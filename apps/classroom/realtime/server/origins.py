"""Which pages may open a socket here: browsers send cookies and tickets from any page that asks."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def is_ours(scope: MutableMapping[str, Any]) -> bool:
    """No Origin (not a browser), PUBLIC_URL's, or that of the allowed host it was asked for."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin.decode("ascii"))
    except ValueError:  # UnicodeDecodeError is one
        return False
    if f"{parts.scheme}://{parts.netloc}".lower() == settings.PUBLIC_URL.lower():
        return True
    host = headers.get(b"host", b"").decode("latin-1").lower()
    is_allowed = validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    return is_allowed and parts.scheme in ("http", "https") and parts.netloc.lower() == host
