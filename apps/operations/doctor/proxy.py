"""Checks of the proxy: Kreida asks itself by PUBLIC_URL, and compares what arrived."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.conf import settings
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from apps.common.request_body import MAX_UPLOAD
from apps.operations.doctor import probe
from apps.operations.doctor.probe import Sighting
from apps.operations.doctor.report import Result, failed, ok, one_line
from config.hosts import is_loopback

TIMEOUT = 10.0  # seconds beyond those that an answer is meant to take
CLAIMED = "192.0.2.1"  # an address of nobody (RFC 5737), which a client might pretend to have
_NO_ROOM = UUID(int=0)


class ProbeError(Exception):
    """A sentence about why no answer of this Kreida came."""


def check_proxy(now: datetime, wait: int) -> list[Result]:
    """`wait` is for how many seconds an answer is held back."""
    try:
        seen = _ask(now, b"", {"X-Forwarded-For": CLAIMED})
    except ProbeError as exc:
        return [failed("proxy", str(exc))]
    found = [*_check_headers(seen), *_check_body(now), *_check_socket(), *_check_metrics()]
    found += _check_wait(now, wait) if wait else []
    if found:
        return found
    by = "without a proxy" if _is_direct(seen) else f"as {seen.client}"
    waited = f", answers after {wait} s" if wait else ""
    text = f"{settings.PUBLIC_URL} reaches this Kreida {by}: sockets, 20 MiB bodies{waited}"
    return [ok("proxy", text)]


def _ask(
    now: datetime, body: bytes, headers: dict[str, str] | None = None, wait: int = 0
) -> Sighting:
    sent = {probe.HEADER: probe.sign(now), **(headers or {})}
    if wait:
        sent[probe.WAIT_HEADER] = str(wait)
    try:
        with closing(_connect(TIMEOUT + wait)) as connection:
            connection.request("POST", probe.PATH, body, sent)
            response = connection.getresponse()
            content = response.read(64 * 1024)
    except ssl.SSLError as exc:
        raise ProbeError(f"{settings.PUBLIC_URL}: {one_line(exc)}. Renew the certificate.") from exc
    except (OSError, http.client.HTTPException) as exc:
        text = f"{settings.PUBLIC_URL} does not answer ({one_line(exc)})."
        raise ProbeError(f"{text} Start Kreida and the proxy, or mend PUBLIC_URL.") from exc
    if response.status == 200:
        try:
            return msgspec.json.decode(content, type=Sighting)
        except msgspec.MsgspecError:
            pass
    text = f"{settings.PUBLIC_URL} answers {response.status}, and not this Kreida."
    advice = "Let the proxy pass every path on to it; all processes need the same SECRET_KEY."
    raise ProbeError(f"{text} {advice}")


def _connect(timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(settings.PUBLIC_URL)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=timeout)


def _is_direct(seen: Sighting) -> bool:
    """Whether no proxy is in between, as on a laptop, where claims count for nothing."""
    is_here = is_loopback(urlsplit(settings.PUBLIC_URL).hostname or "")
    return is_here and seen.forwarded_for == CLAIMED and not seen.is_trusted


def _check_headers(seen: Sighting) -> Iterator[Result]:
    wanted = urlsplit(settings.PUBLIC_URL)
    if urlsplit(f"//{seen.host}").hostname != wanted.hostname:
        text = f"The proxy changes the host to {seen.host}. nginx: proxy_set_header Host $host;"
        yield failed("proxy", text)
    if _is_direct(seen):
        return
    yield from _check_forwarded_for(seen)
    if seen.scheme != wanted.scheme:
        text = f"The proxy says {seen.scheme}, PUBLIC_URL {wanted.scheme}."
        advice = "nginx: proxy_set_header X-Forwarded-Proto $scheme;"
        yield failed("proxy", f"{text} {advice}")


def _check_forwarded_for(seen: Sighting) -> Iterator[Result]:
    nginx = "nginx: proxy_set_header X-Forwarded-For $remote_addr;"
    if not seen.forwarded_for:
        text = "The proxy does not say whom a request is from: one limit counts for everybody."
        yield failed("proxy", f"{text} {nginx}")
    elif seen.client == CLAIMED:
        text = "The proxy believes what clients say of their address, so that limits can be evaded."
        yield failed("proxy", f"{text} {nginx}")
    elif not seen.is_trusted:
        yield failed("proxy", f"Name the proxy's address, {seen.peer}, in TRUSTED_PROXIES.")


def _check_body(now: datetime) -> list[Result]:
    """Send as much as the largest upload has."""
    try:
        seen = _ask(now, bytes(MAX_UPLOAD))
    except ProbeError as exc:
        text = f"The proxy refuses bodies of 20 MiB, as uploads have them ({exc})."
        return [failed("proxy", f"{text} nginx: client_max_body_size 21m;")]
    if seen.body != MAX_UPLOAD:
        return [failed("proxy", f"Of 20 MiB only {seen.body} bytes arrived.")]
    return []


def _check_wait(now: datetime, wait: int) -> list[Result]:
    try:
        _ask(now, b"", wait=wait)
    except ProbeError as exc:
        text = f"The proxy does not wait {wait} s for an answer ({exc})."
        return [failed("proxy", f"{text} nginx: proxy_read_timeout 120s;")]
    return []


def _check_metrics() -> list[Result]:
    """Ask for /metrics as anybody on the internet may."""
    if is_loopback(urlsplit(settings.PUBLIC_URL).hostname or ""):
        return []
    with closing(_connect(TIMEOUT)) as connection:
        connection.request("GET", "/metrics")
        is_public = connection.getresponse().status == 200
    if is_public:
        text = "Anybody can read /metrics through the proxy. Let it set X-Forwarded-For, or set"
        return [failed("proxy", f"{text} METRICS_TOKEN.")]
    return []


def _check_socket() -> list[Result]:
    """Open a socket of a room that does not exist: Kreida accepts it, then closes it by a code."""
    url = f"ws{settings.PUBLIC_URL.removeprefix('http')}/ws/classroom/{_NO_ROOM}/events"
    advice = "nginx: proxy_http_version 1.1, and the headers Upgrade and Connection."
    code = 0
    try:
        with connect(url, origin=Origin(settings.PUBLIC_URL), open_timeout=TIMEOUT) as room:
            room.recv(timeout=TIMEOUT)
    except ConnectionClosed as exc:
        code = exc.rcvd.code if exc.rcvd else 0
    except InvalidStatus as exc:
        status = exc.response.status_code
        return [failed("proxy", f"No WebSocket can be opened: the answer is {status}. {advice}")]
    except (OSError, WebSocketException) as exc:
        return [failed("proxy", f"No WebSocket can be opened: {one_line(exc)}. {advice}")]
    if code < 4000:
        return [failed("proxy", f"A WebSocket is not closed by Kreida, but by {code}. {advice}")]
    return []
