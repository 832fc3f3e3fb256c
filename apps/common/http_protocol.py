"""uvicorn's HTTP protocol, with bounds on what a connection may hold up, and refusals in JSON."""

import json
import logging
import resource
import socket
import sys
import time
from typing import Any

import httptools
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from apps.common.languages import language_of

log = logging.getLogger("kreida.connections")

MAX_HEAD = 64 * 1024  # bytes of the request line and all headers
TICK = 2.0  # seconds between two looks at a connection
HEAD_SECONDS = 10.0  # from the connection, or the last answer, to the last header
BODY_GRACE, BODY_RATE = 20.0, 16 * 1024  # seconds, and bytes a second beyond them
# Bytes around a body in chunks (their lengths and extensions, trailers), for each byte of it;
# MAX_HEAD in all beyond that.
MAX_FRAMING = 8
STALLED_SECONDS = 30.0  # in which a reader must take a part of its answer
MIN_TAKEN = 32 * 1024  # bytes that are such a part
DESCRIPTORS_USED = 0.8  # of the limit, from which on connections are refused

_REASONS = {
    400: "Bad Request",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def max_connections() -> int:
    """As many as the soft limit of descriptors leaves room for (files and databases need some)."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return int(soft * DESCRIPTORS_USED) - 30


def _drop_unacknowledged(transport: Any) -> None:
    """Bounds what no counting here sees: the megabytes of an answer that the kernel has taken
    and its reader has not, also once the connection is closed."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # not on macOS
        sock = transport.get_extra_info("socket")
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            milliseconds = int(STALLED_SECONDS * 1000)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


class BoundedHttp(HttpToolsProtocol):
    """What the parser does not take for HTTP never reaches Django: it is answered here, as are
    heads that are too large or too slow, stalled bodies, and connections beyond the limit."""

    refused_at = -60.0  # when one was last refused and logged, of all connections

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._head_bytes = 0
        self._in_head = True
        self._head_since: float | None = time.monotonic()
        self._body_since = 0.0
        self._body_bytes = 0
        self._sent_with_body = 0
        self._unsent = (0, time.monotonic())
        _drop_unacknowledged(transport)
        self._timer = self.loop.call_later(TICK, self._look)
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
            self._sent_with_body += len(data)
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
        self._body_since, self._body_bytes = time.monotonic(), 0
        self._sent_with_body = 0
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD:
            self._refuse(431, "validation_error", _("The headers are too large."))
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle is None:  # its head was refused
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

    def _look(self) -> None:
        """Each TICK, while the connection is HTTP and open."""
        if self.parser is None or self.transport.get_protocol() is not self:
            return
        self._timer = self.loop.call_later(TICK, self._look)
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
        """The parser keeps trailers, without a bound of its own."""
        if self._in_head or self._is_idle() or not self.cycle.more_body:
            return False
        framing = self._sent_with_body - self._body_bytes
        return framing > MAX_HEAD + MAX_FRAMING * self._body_bytes

    def _is_stalled_body(self, now: float) -> bool:
        if self._is_idle() or not self.cycle.more_body or self.flow.read_paused:
            return False
        return now - self._body_since > BODY_GRACE + self._body_bytes / BODY_RATE

    def _is_stalled_reader(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        before, since = self._unsent
        if unsent == 0 or before == 0 or before - unsent >= min(before, MIN_TAKEN):
            self._unsent = (unsent, now)
            return False
        return now - since > STALLED_SECONDS

    def _refuse_connection(self) -> None:
        now = time.monotonic()
        if now - BoundedHttp.refused_at > 10:
            BoundedHttp.refused_at = now
            data = {"open": len(self.connections), "limit": max_connections()}
            log.error("too many connections; new ones are refused", extra={"data": data})
        self._refuse(503, "service_unavailable", _("Too many connections. Try again in a moment."))

    def send_400_response(self, msg: str) -> None:
        """Called while the parser's error is being handled; a method that it does not know is
        `method_not_allowed`, anything else malformed."""
        if isinstance(sys.exc_info()[1], httptools.HttpParserInvalidMethodError):
            self._refuse(405, "method_not_allowed", _("No such method."))
        else:
            self._refuse(400, "validation_error", _("This is not HTTP."))

    def _refuse_body(self, status: int, detail: str) -> None:
        """Whoever reads the body learns that no more of it comes."""
        if self.transport.is_closing():
            return
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self._refuse(status, "validation_error", detail)

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answers, unless an answer is under way, and closes."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            with translation.override(language_of(self.headers or [])):
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
