"""Makes HTML small: no blank lines left by template tags, and compressed. See ADR 19."""

import re

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

# A run of spaces is tried from its first one only; else the time is quadratic in its length.
_BLANK = re.compile(rb"(?<=\n)(?:[ \t]*\n)+|(?<![ \t])[ \t]+(?=\n)")
_KEEPS_SPACE = (b"<textarea", b"<pre")


class HtmlMiddleware(GZipMiddleware):
    """Only for HTML: JSON may have tokens in it, and static files are compressed on disk."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_html = response.headers.get("Content-Type", "").startswith("text/html")
        if response.streaming or not is_html:
            return response
        content: bytes = response.content  # type: ignore[attr-defined]
        if not any(tag in content for tag in _KEEPS_SPACE):
            content = remove_blank(content)
            response.content = content  # type: ignore[attr-defined]
            if response.has_header("Content-Length"):
                response.headers["Content-Length"] = str(len(content))
        if request.META.get("QUERY_STRING"):  # which the page may repeat beside a secret
            return response
        return super().process_response(request, response)


def remove_blank(html: bytes) -> bytes:
    """Remove blank lines and spaces at the ends of lines."""
    return _BLANK.sub(b"", html)
