"""The part of STUN and TURN (RFC 8489, 8656) that a relay is tried with."""

import base64
import hashlib
import hmac
import ipaddress
import os
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from django.conf import settings

COOKIE = 0x2112A442
ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION = 0x003, 0x004, 0x016, 0x017, 0x008
_SUCCESS, _FAILURE = 0x0100, 0x0110
USERNAME, INTEGRITY, ERROR_CODE, LIFETIME = 0x0006, 0x0008, 0x0009, 0x000D
PEER, PAYLOAD, REALM, NONCE, RELAYED, TRANSPORT = 0x0012, 0x0013, 0x0014, 0x0015, 0x0016, 0x0019
UDP = bytes([17, 0, 0, 0])
TIMEOUT = 5.0  # seconds for one answer
_RESEND = 0.5  # seconds after which a datagram counts as lost
_HEADER = struct.Struct("!HHI12s")


class TurnError(Exception):
    """A sentence about what the server refused or did not do."""

    def __init__(self, detail: str, code: int = 0) -> None:
        super().__init__(detail)
        self.code = code


class Message(NamedTuple):
    kind: int
    transaction: bytes
    attributes: dict[int, bytes]


def decode(data: bytes) -> Message | None:
    if len(data) < _HEADER.size:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if cookie != COOKIE or len(data) < _HEADER.size + length:
        return None
    return Message(kind, transaction, dict(_attributes(data[_HEADER.size :][:length])))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        kind, length = struct.unpack_from("!HH", data)
        yield kind, data[4 : 4 + length]
        data = data[4 + (length + 3) // 4 * 4 :]


def encode(kind: int, transaction: bytes, attributes: dict[int, bytes], key: bytes) -> bytes:
    """Encode a message; with a key, signed by MESSAGE-INTEGRITY."""
    body = b"".join(_attribute(each, value) for each, value in attributes.items())
    if not key:
        return _HEADER.pack(kind, len(body), COOKIE, transaction) + body
    head = _HEADER.pack(kind, len(body) + 24, COOKIE, transaction)
    digest = hmac.digest(key, head + body, hashlib.sha1)
    return head + body + _attribute(INTEGRITY, digest)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def read_address(value: bytes, transaction: bytes) -> str:
    """Return the IP address of an XOR-…-ADDRESS."""
    mask = struct.pack("!I", COOKIE) + transaction
    masked = value[4 : 8 if value[1] == 1 else 20]
    return str(ipaddress.ip_address(bytes(a ^ b for a, b in zip(masked, mask, strict=False))))


def _mask_again(value: bytes, old: bytes, new: bytes) -> bytes:
    """Write an XOR-…-ADDRESS of one transaction for another; only IPv6 is masked by it."""
    changed = bytes(a ^ b ^ c for a, b, c in zip(value[8:], old, new, strict=False))
    return value[:8] + changed


class Relay:
    """An allocation on a TURN server, until the `with` block ends."""

    def __init__(self, sock: socket.socket, username: str, credential: str) -> None:
        self._sock, self._username, self._credential = sock, username, credential
        self._is_datagram = sock.type == socket.SOCK_DGRAM
        self._signing: dict[int, bytes] = {}
        self._key = b""
        self._buffer = b""
        self.relayed = b""  # XOR-RELAYED-ADDRESS, masked by `_transaction`
        self._transaction = b""

    def __enter__(self) -> Self:
        try:
            answer = self._allocate()
        except BaseException:
            self._sock.close()
            raise
        self.relayed, self._transaction = answer.attributes[RELAYED], answer.transaction
        return self

    def __exit__(self, *_exc: object) -> None:
        try:
            self._request(REFRESH, {LIFETIME: bytes(4)})
        except (OSError, TurnError):
            pass  # the server ends it after ten minutes
        finally:
            self._sock.close()

    @property
    def address(self) -> str:
        return read_address(self.relayed, self._transaction)

    def _allocate(self) -> Message:
        try:
            return self._request(ALLOCATE, {TRANSPORT: UDP})
        except TurnError as exc:
            if exc.code != 401 or not self._signing:
                raise
        return self._request(ALLOCATE, {TRANSPORT: UDP})

    def permit(self, peer: "Relay") -> None:
        self._request(CREATE_PERMISSION, {}, peer)

    def send(self, peer: "Relay", payload: bytes) -> None:
        transaction = os.urandom(12)
        attributes = {PEER: peer.masked_for(transaction), PAYLOAD: payload}
        self._sock.sendall(encode(SEND, transaction, attributes, b""))

    def masked_for(self, transaction: bytes) -> bytes:
        return _mask_again(self.relayed, self._transaction, transaction)

    def receive(self, seconds: float) -> bytes | None:
        """Return the payload that a peer sent, or None if none came."""
        deadline = time.monotonic() + seconds
        while (message := self._read(deadline)) is not None:
            if message.kind == DATA:
                return message.attributes.get(PAYLOAD)
        return None

    def _request(
        self, method: int, attributes: dict[int, bytes], peer: "Relay | None" = None
    ) -> Message:
        """Send a request and return the answer. A challenge is remembered for the next request."""
        transaction = os.urandom(12)
        if peer is not None:
            attributes = {**attributes, PEER: peer.masked_for(transaction)}
        data = encode(method, transaction, {**attributes, **self._signing}, self._key)
        answer = self._exchange(data, transaction)
        if answer.kind == method | _SUCCESS:
            return answer
        error = answer.attributes.get(ERROR_CODE, bytes(4))
        code = error[2] * 100 + error[3]
        if code == 401 and not self._signing and NONCE in answer.attributes:
            self._sign(answer.attributes[REALM], answer.attributes[NONCE])
        raise TurnError(f"{code} {error[4:].decode(errors='replace')}".strip(), code)

    def _sign(self, realm: bytes, nonce: bytes) -> None:
        user = self._username.encode()
        self._signing = {USERNAME: user, REALM: realm, NONCE: nonce}
        text = b":".join((user, realm, self._credential.encode()))
        self._key = hashlib.md5(text, usedforsecurity=False).digest()  # as RFC 8489 §9.2.2 has it

    def _exchange(self, data: bytes, transaction: bytes) -> Message:
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            self._sock.sendall(data)
            wait = min(end, time.monotonic() + _RESEND) if self._is_datagram else end
            while (answer := self._read(wait)) is not None:
                if answer.transaction == transaction:
                    return answer
        raise TurnError("no answer")

    def _read(self, deadline: float) -> Message | None:
        """Return the next message, or None if none has come until then."""
        while True:
            if (message := self._take()) is not None:
                return message
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._sock.settimeout(left)
            try:
                data = self._sock.recv(65536)
            except TimeoutError:
                return None
            if not data:
                raise TurnError("the connection was closed")
            self._buffer = data if self._is_datagram else self._buffer + data

    def _take(self) -> Message | None:
        message = decode(self._buffer)
        if message is None:
            return None
        length = struct.unpack_from("!H", self._buffer, 2)[0]
        self._buffer = self._buffer[_HEADER.size + length :]
        return message


def open_socket(url: "TurnUrl") -> socket.socket:
    """Connect to the server, over TLS with its certificate checked."""
    kind = socket.SOCK_DGRAM if url.transport == "udp" else socket.SOCK_STREAM
    failure: OSError = OSError("no address")
    for family, _kind, _proto, _name, address in socket.getaddrinfo(url.host, url.port, type=kind):
        sock = socket.socket(family, kind)
        sock.settimeout(TIMEOUT)
        try:
            sock.connect(address)
            if url.transport != "tls":
                return sock
            context = ssl.create_default_context()
            return context.wrap_socket(sock, server_hostname=url.host)
        except OSError as exc:
            sock.close()
            failure = exc
    raise failure


class TurnUrl(NamedTuple):
    text: str
    host: str
    port: int
    transport: str  # "udp", "tcp" or "tls"


def parse_url(text: str) -> TurnUrl:
    """Parse a TURN URL (RFC 7065) that config/environment.py has accepted."""
    scheme, _colon, rest = text.partition(":")
    address, _question, query = rest.partition("?transport=")
    host, _colon, port = address.rpartition(":")
    if not host or port.endswith("]"):
        host, port = address, ""
    is_tls = scheme == "turns"
    transport = "tls" if is_tls else query or "udp"
    return TurnUrl(text, host.strip("[]"), int(port or (5349 if is_tls else 3478)), transport)


def make_credentials(now: datetime) -> tuple[str, str]:
    """Return a user name and its credential, as rooms get them (apps/classroom/ice.py)."""
    username = f"{int((now + timedelta(minutes=10)).timestamp())}:doctor"
    digest = hmac.digest(settings.TURN_SECRET.encode(), username.encode(), hashlib.sha1)
    return username, base64.b64encode(digest).decode()
