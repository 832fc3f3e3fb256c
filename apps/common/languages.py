"""Language negotiation for requests that are answered before they reach Django."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils import translation


def negotiate_language(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the language for `Accept-Language`; the account's language is not looked up."""
    request = HttpRequest()
    header = dict(headers).get(b"accept-language", b"")
    request.META["HTTP_ACCEPT_LANGUAGE"] = header.decode("latin-1")
    return translation.get_language_from_request(request)
