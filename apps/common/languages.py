"""The language of somebody whom Django has not seen: by the browser's word alone."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils import translation


def negotiate_language(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """By Accept-Language; the account's own language is in the database."""
    request = HttpRequest()
    wanted = dict(headers).get(b"accept-language", b"")
    request.META["HTTP_ACCEPT_LANGUAGE"] = wanted.decode("latin-1")
    return translation.get_language_from_request(request)
