"""HTTP requests to addresses that somebody else has named, without reaching the own network.

The host is resolved once, every address is checked, and the connection goes to a checked one, so
that a second DNS answer changes nothing (DNS rebinding). Redirects are not followed.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

CONNECT_TIMEOUT = 5.0  # seconds
TOTAL_TIMEOUT = 10.0  # seconds, however slowly the answer comes
MAX_ANSWER = 64 * 1024  # bytes that are read of an answer to a POST
_MAPPED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 through NAT64
# Of IPv6 only these are allocated to the internet. The lists that `is_global` knows depend on the
# release of Python, and lack site-local, IPv4-compatible and IPv4-translated addresses.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_SPECIAL = [
    ipaddress.ip_network(each)
    for each in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")
]
_TLS = ssl.create_default_context()


class UnreachableError(Exception):
    """The server could not be reached or did not answer in time."""


class NoAnswerError(UnreachableError):
    """The request may have arrived, but no answer came."""


class ForbiddenAddressError(Exception):
    """The URL is not https, or its host is not on the public internet."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool,
    max_answer: int = MAX_ANSWER,
) -> Answer:
    """Send a POST request. With `allow_private` also plain http and addresses of the own network.

    Raises UnreachableError, NoAnswerError or ForbiddenAddressError.
    """
    request = _Request("POST", body, headers, max_answer)
    return _send(url, request, allow_private=allow_private, timeout=TOTAL_TIMEOUT)


def get(
    url: str,
    headers: Mapping[str, str],
    *,
    allow_private: bool,
    max_answer: int,
    timeout: float = TOTAL_TIMEOUT,
) -> Answer:
    """Send a GET request, as `post` does, and read at most `max_answer` bytes in `timeout` seconds.

    A body may be cut off by either.
    """
    request = _Request("GET", None, headers, max_answer)
    return _send(url, request, allow_private=allow_private, timeout=timeout)


@dataclass(frozen=True)
class _Request:
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    max_answer: int


def _send(url: str, request: _Request, *, allow_private: bool, timeout: float) -> Answer:
    check_url(url, allow_private=allow_private)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        sock = _connect(host, port, allow_private)
        if parts.scheme == "https":  # the handshake follows, within TOTAL_TIMEOUT
            sock = _TLS.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    except (OSError, ValueError) as exc:  # ValueError: a host that IDNA cannot encode
        raise UnreachableError(type(exc).__name__) from exc
    timer = threading.Timer(timeout, _shut_down, [sock])
    timer.start()
    try:
        return _exchange(sock, parts, request)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise NoAnswerError(type(exc).__name__) from exc
    finally:
        timer.cancel()
        sock.close()


def check_url(url: str, *, allow_private: bool) -> None:
    """Raises ForbiddenAddressError for what can be told without DNS."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise ForbiddenAddressError("malformed") from exc
    schemes = ("https", "http") if allow_private else ("https",)
    has_login = parts.username is not None or parts.password is not None
    if parts.scheme not in schemes or not host or has_login or port == 0 or not url.isascii():
        raise ForbiddenAddressError("not an https URL")
    if any(character <= " " or character == "\x7f" for character in url):
        raise ForbiddenAddressError("malformed")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if not allow_private and not is_public(str(address)):
        raise ForbiddenAddressError("not a public address")


def is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _MAPPED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in each for each in _SPECIAL)


def _exchange(sock: socket.socket, parts: SplitResult, request: _Request) -> Answer:
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, parts.port)
    connection.auto_open = 0  # it must not resolve the host again
    connection.sock = sock
    try:
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        connection.request(request.method, target, request.body, dict(request.headers))
        response = connection.getresponse()
        content = response.read(request.max_answer)
    finally:
        connection.close()
    found = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, found, content)


def _connect(host: str, port: int, allow_private: bool) -> socket.socket:
    """Connect to the first address that answers. One forbidden address refuses the whole host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_rest, sockaddr in found]
    if not allow_private and not all(is_public(each) for each in addresses):
        raise ForbiddenAddressError("not a public address")
    failure: OSError = OSError("no address")
    for address in addresses[:4]:
        try:
            return socket.create_connection((address, port), CONNECT_TIMEOUT)
        except OSError as exc:
            failure = exc
    raise failure


def _shut_down(sock: socket.socket) -> None:
    """End a read that waits; closing the socket alone would not. Of TLS only the connection below
    it: to take the TLS layer away while another thread reads from it is not safe."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
