"""Read request bodies on the event loop, within limits, and uploads only once authorised."""

import re
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from rest_framework.request import Request

from apps.common.addresses import address_key
from apps.common.errors import service_unavailable, throttled

MAX_BODY = 1024 * 1024
MAX_UPLOAD = 20 * 1024 * 1024
_UPLOAD_PATHS = re.compile(
    r"^/(api/classroom/sessions/[0-9a-f-]+/files|students/import|payments/bank"
    r"|api/me/external-calendars|settings/external-calendars/file)/?$"
)
MAX_IN_MEMORY = 256 * 1024  # bytes; a larger body is written to a file
# Bytes of all bodies that are being read or answered, and of those of one client address. Small
# bodies have a budget of their own, so that stalled uploads do not block ordinary requests.
MAX_SMALL_BODIES, MAX_SMALL_BODIES_PER_CLIENT = 64 * 1024 * 1024, 16 * 1024 * 1024
MAX_LARGE_BODIES, MAX_LARGE_BODIES_PER_CLIENT = 192 * 1024 * 1024, 64 * 1024 * 1024
RETRY_SECONDS = 5

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


class BodyBudget:
    """Bytes that the request bodies of a process may hold together, with a share per client."""

    def __init__(self, total: int, per_client: int) -> None:
        self.total = total
        self.per_client = per_client
        self.held = 0
        self._held_by: Counter[str] = Counter()

    def hold(self, client: str, size: int) -> None:
        """Raises `throttled` over the client's share, `service_unavailable` over the total."""
        if self._held_by[client] + size > self.per_client:
            detail = _("Too many requests from your network at once. Try again in a few seconds.")
            raise throttled(RETRY_SECONDS, detail)
        if self.held + size > self.total:
            raise service_unavailable(RETRY_SECONDS)
        self.held += size
        self._held_by[client] += size

    def release(self, client: str, size: int) -> None:
        self.held -= size
        self._held_by[client] -= size
        if not self._held_by[client]:
            del self._held_by[client]


class BodyBuffers:
    """The budgets of all request bodies of this process, by size."""

    def __init__(self) -> None:
        self.small = BodyBudget(MAX_SMALL_BODIES, MAX_SMALL_BODIES_PER_CLIENT)
        self.large = BodyBudget(MAX_LARGE_BODIES, MAX_LARGE_BODIES_PER_CLIENT)


class RequestBody:
    """The body of one request; close it when the request has been answered."""

    def __init__(self, buffers: BodyBuffers, client: str) -> None:
        self.buffers = buffers
        self.budget = buffers.small
        self.client = address_key(client)
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
        """Raises what `BodyBudget.hold` raises, and OSError if the disk is full."""
        if self.budget is self.buffers.small and self.size + len(content) > MAX_IN_MEMORY:
            self.buffers.large.hold(self.client, self.size)
            self.buffers.small.release(self.client, self.size)
            self.budget = self.buffers.large
        self.budget.hold(self.client, len(content))
        self.size += len(content)
        self.file.write(content)

    def close(self) -> None:
        self.budget.release(self.client, self.size)
        self.size = 0
        self.file.close()
