"""uvicorn's HTTP protocol with limits on size, time and number of connections; errors in JSON."""

import json
import logging
import resource
import socket
import sys
import time
from collections import deque
from typing import Any

import httptools
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from apps.common.languages import negotiate_language

log = logging.getLogger("kreida.connections")

MAX_HEAD = 64 * 1024  # bytes of the request line and all headers
TICK = 2.0  # seconds between the timeout checks of a connection
HEAD_SECONDS = 10.0  # from the connection, or the last response, to the last header
# A body that is not complete must have MIN_BODY_RATE bytes per second in each BODY_WINDOW seconds.
BODY_WINDOW, MIN_BODY_RATE = 20.0, 16 * 1024
# Bytes of chunked framing (chunk sizes, extensions, trailers) allowed per byte of the body, in
# addition to MAX_HEAD bytes.
MAX_FRAMING_RATIO = 8
STALLED_SECONDS = 30.0  # in which a client must read MIN_READ_BYTES of its response
MIN_READ_BYTES = 32 * 1024
DESCRIPTOR_SHARE = 0.8  # of the descriptor limit that connections may use

_REASONS = {
    400: "Bad Request",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def max_connections() -> int:
    """Return the limit of open connections, which leaves descriptors for files and databases."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return int(soft * DESCRIPTOR_SHARE) - 30


def _set_unacknowledged_timeout(transport: Any) -> None:
    """Let the kernel drop data that the client does not acknowledge (RFC 5482), which stays in the
    kernel's buffers even after the connection is closed."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # not on macOS
        sock = transport.get_extra_info("socket")
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            milliseconds = int(STALLED_SECONDS * 1000)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


class BodyProgress:
    """How many bytes of a body arrived in the last BODY_WINDOW seconds. What arrived earlier gives
    no credit, so that a client cannot send most of a large body and then hold it."""

    def __init__(self, now: float) -> None:
        self.restart(now, 0)

    def restart(self, now: float, received: int) -> None:
        self._samples = deque([(now, received)])

    def is_stalled(self, now: float, received: int) -> bool:
        self._samples.append((now, received))
        while self._samples[1][0] <= now - BODY_WINDOW:
            self._samples.popleft()
        since, before = self._samples[0]
        return now - since >= BODY_WINDOW and received - before < BODY_WINDOW * MIN_BODY_RATE


class BoundedHttp(HttpToolsProtocol):
    """Answers without Django: malformed HTTP, heads that are too large or too slow, stalled bodies
    and connections over the limit."""

    refusal_logged_at = -60.0  # monotonic seconds; shared by all connections

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._head_bytes = 0
        self._in_head = True
        self._head_since: float | None = time.monotonic()
        self._body_progress = BodyProgress(time.monotonic())
        self._body_bytes = 0
        self._raw_body_bytes = 0  # the body with its chunked framing
        self._unsent = (0, time.monotonic())
        _set_unacknowledged_timeout(transport)
        self._timer = self.loop.call_later(TICK, self._check_timeouts)
        if len(self.connections) > max_connections():
            self._refuse_connection()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._head_since is None and self._is_idle():
            self._head_since = time.monotonic()
        if self._in_head:
            self._head_bytes += len(data)
        else:
            self._raw_body_bytes += len(data)
        super().data_received(data)
        if self._has_large_framing():
            self._refuse_body(431, _("The trailers are too large."))
        if self._in_head and self._head_bytes > MAX_HEAD and not self.transport.is_closing():
            self._refuse(431, "validation_error", _("The headers are too large."))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._head_since = None
        self._body_progress, self._body_bytes = BodyProgress(time.monotonic()), 0
        self._raw_body_bytes = 0
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD:
            self._refuse(431, "validation_error", _("The headers are too large."))
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle is None:  # the head was refused
            return
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.cycle is not None:
            super().on_message_complete()

    def resume_writing(self) -> None:
        self._unsent = (0, time.monotonic())
        super().resume_writing()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _check_timeouts(self) -> None:
        """Run each TICK until the connection closes or becomes a WebSocket."""
        if self.parser is None or self.transport.get_protocol() is not self:
            return
        self._timer = self.loop.call_later(TICK, self._check_timeouts)
        now = time.monotonic()
        if self._is_stalled_reader(now):
            self.transport.abort()
        elif self.transport.is_closing():
            return
        elif self._head_since is not None and now - self._head_since > HEAD_SECONDS:
            self._refuse(408, "validation_error", _("The request took too long to arrive."))
        elif self._is_stalled_body(now):
            self._refuse_body(408, _("The body took too long to arrive."))

    def _has_large_framing(self) -> bool:
        """Return True if chunk framing is too large; the parser buffers trailers without limit."""
        if self._in_head or self._is_idle() or not self.cycle.more_body:
            return False
        framing = self._raw_body_bytes - self._body_bytes
        return framing > MAX_HEAD + MAX_FRAMING_RATIO * self._body_bytes

    def _is_stalled_body(self, now: float) -> bool:
        if self._is_idle() or not self.cycle.more_body:
            return False
        if self.flow.read_paused:  # the application does not read; the client is not to blame
            self._body_progress.restart(now, self._body_bytes)
            return False
        return self._body_progress.is_stalled(now, self._body_bytes)

    def _is_stalled_reader(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        before, since = self._unsent
        if unsent == 0 or before == 0 or before - unsent >= min(before, MIN_READ_BYTES):
            self._unsent = (unsent, now)
            return False
        return now - since > STALLED_SECONDS

    def _refuse_connection(self) -> None:
        now = time.monotonic()
        if now - BoundedHttp.refusal_logged_at > 10:
            BoundedHttp.refusal_logged_at = now
            data = {"open": len(self.connections), "limit": max_connections()}
            log.error("too many connections; new ones are refused", extra={"data": data})
        self._refuse(503, "service_unavailable", _("Too many connections. Try again in a moment."))

    def send_400_response(self, msg: str) -> None:
        """Answer 405 to an unknown method and 400 to other malformed requests; uvicorn calls this
        while it handles the parser's exception."""
        if isinstance(sys.exc_info()[1], httptools.HttpParserInvalidMethodError):
            self._refuse(405, "method_not_allowed", _("Method not allowed."))
        else:
            self._refuse(400, "validation_error", _("This is not HTTP."))

    def _refuse_body(self, status: int, detail: str) -> None:
        """Refuse the request and wake the application, which waits for the rest of the body."""
        if self.transport.is_closing():
            return
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self._refuse(status, "validation_error", detail)

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Send an error, unless a response has already started, and close the connection."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            with translation.override(negotiate_language(self.headers or [])):
                body: dict[str, object] = {"error": code, "detail": gettext(detail)}
            if code == "validation_error":
                body["fields"] = {}
            content = json.dumps(body, ensure_ascii=False).encode()
            retry = "retry-after: 5\r\n" if status == 503 else ""
            head = (
                f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(content)}\r\n{retry}connection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + content)
        self.transport.close()
