"""Read request bodies on the event loop, within limits, and uploads only once authorised."""

import re
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from apps.common.errors import service_unavailable

MAX_BODY = 1024 * 1024
MAX_UPLOAD = 20 * 1024 * 1024
_UPLOAD_PATHS = re.compile(r"^/(api/classroom/sessions/[0-9a-f-]+/files|students/import)/?$")
MAX_IN_MEMORY = 256 * 1024  # bytes; a larger body is written to a file
MAX_BUFFERED = 256 * 1024 * 1024  # bytes of all bodies that are being read or answered

BODY_IS_PENDING = "kreida.body_is_pending"

_new_file = partial(tempfile.SpooledTemporaryFile, MAX_IN_MEMORY)
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


def body_limit(path: str) -> int:
    """Return how many bytes a request to `path` may have."""
    return MAX_UPLOAD if _UPLOAD_PATHS.match(path) else MAX_BODY


def is_body_pending(request: HttpRequest | Request) -> bool:
    """Return True in the first call of an upload view, which has the headers only.

    The view checks permissions and then returns `continue_response()` instead of reading the body.
    """
    return BODY_IS_PENDING in request.META


def continue_response() -> HttpResponse:
    return HttpResponse(status=100)


class BodyBuffers:
    """The bytes held by all request bodies of this process."""

    def __init__(self) -> None:
        self.buffered = 0


class RequestBody:
    """The body of one request; close it when the request has been answered."""

    def __init__(self, buffers: BodyBuffers) -> None:
        self.buffers = buffers
        self.size = 0
        self.file: IO[bytes] = _new_file(dir=str(settings.UPLOAD_DIR))

    async def read(
        self, scope: Message, receive: Receive, authorise: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Return False if the client has disconnected or `authorise` has already answered.

        A body whose Content-Length is over the limit is not read; a chunked one (RFC 9112 §7.1) is
        read until it exceeds the limit. BodyLimitMiddleware refuses both. Bytes of an upload beyond
        MAX_BODY are read only if `authorise` returns True.
        """
        limit = body_limit(scope["path"])
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if len(length) > 12 or int(length) > limit:
            return True
        is_small = int(length) <= MAX_BODY
        if not is_small and not await authorise():
            return False
        more = True
        while more and self.size <= limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            self._add(message.get("body", b""))
            more = message.get("more_body", False)
            if is_small and MAX_BODY < self.size <= limit:
                is_small = False
                if not await authorise():
                    return False
        self.file.seek(0)
        return True

    def _add(self, content: bytes) -> None:
        """Raises `service_unavailable` over MAX_BUFFERED, and OSError if the disk is full."""
        if self.buffers.buffered + len(content) > MAX_BUFFERED:
            raise service_unavailable()
        self.size += len(content)
        self.buffers.buffered += len(content)
        self.file.write(content)

    def close(self) -> None:
        self.buffers.buffered -= self.size
        self.size = 0
        self.file.close()
