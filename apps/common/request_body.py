"""Reading a request's body on the event loop, within bounds of size, memory and permission."""

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
_UPLOADS = re.compile(r"^/(api/classroom/sessions/[0-9a-f-]+/files|students/import)/?$")
MAX_IN_MEMORY = 256 * 1024  # of one body; the rest is in a file
MAX_BUFFERED = 256 * 1024 * 1024  # of all bodies that are being read or answered

BODY_IS_PENDING = "kreida.body_is_pending"

_new_file = partial(tempfile.SpooledTemporaryFile, MAX_IN_MEMORY)
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


def body_limit(path: str) -> int:
    """How many bytes may be sent there."""
    return MAX_UPLOAD if _UPLOADS.match(path) else MAX_BODY


def body_is_pending(request: HttpRequest | Request) -> bool:
    """Whether an upload's headers ask alone, before its body is read; a view of an upload route
    then answers `read_body_first` where it would have read the body."""
    return BODY_IS_PENDING in request.META


def read_body_first() -> HttpResponse:
    return HttpResponse(status=100)


class BodyBuffers:
    """Counts the bytes of all bodies of this process."""

    def __init__(self) -> None:
        self.buffered = 0


class RequestBody:
    """A body as it arrives; close it when its request has been answered."""

    def __init__(self, buffers: BodyBuffers) -> None:
        self.buffers = buffers
        self.size = 0
        self.file: IO[bytes] = _new_file(dir=str(settings.UPLOAD_DIR))

    async def read(
        self, scope: Message, receive: Receive, authorise: Callable[[], Awaitable[bool]]
    ) -> bool:
        """False once the client has gone, or when it is not to be answered any more.

        A body that is too long by its own word is not read, and one in chunks (RFC 9112 §7.1),
        which says no length, only until it is too long: BodyLimit refuses both. Of an upload,
        what is over MAX_BODY is read when `authorise` says so.
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
        """Raises `service_unavailable`, or OSError when the disk is full."""
        if self.buffers.buffered + len(content) > MAX_BUFFERED:
            raise service_unavailable()
        self.size += len(content)
        self.buffers.buffered += len(content)
        self.file.write(content)

    def close(self) -> None:
        self.buffers.buffered -= self.size
        self.size = 0
        self.file.close()
