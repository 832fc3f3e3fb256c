"""A client so light that the server is what gets measured: it masks with zeros, sends frames made
beforehand, and counts the updates that arrive by a mark in each, without reading the frames.

All of it is what a stock client says on the wire; a mask of zeros is a mask (RFC 6455, 5.3).
"""

import asyncio
import re
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

from apps.classroom.realtime.board.varints import read_bytes, read_varint, varint
from apps.classroom.realtime.board.yproto import STEP1, STEP2, SYNC, sync_frame

MARK = b"~kreida"  # once in every update that is drawn, followed by its writer and its number
_STAMP = re.compile(MARK + rb"(.\d{6})")
_PING = b"\x89\x04"  # with four bytes behind it
_LONGEST = len(MARK) + 7
_EMPTY_VECTOR = b"\x00"


class Peer(asyncio.Protocol):
    """One socket. `prefix` is what this server wants before each message."""

    def __init__(self, writer: bytes, prefix: bytes, request: bytes) -> None:
        self.prefix = prefix
        self.writer = writer
        self.synced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.board: list[bytes] = []  # until it is in step: all of it, in updates
        self.seeds: bytes | None = None  # the board it has, told to a server that asks
        self.others = 0  # updates of others that have arrived
        self.on_news: Callable[[int], None] | None = None
        self.on_stamp: Callable[[bytes, float], None] | None = None
        self.kept: list[bytes] | None = None
        self._request = request
        self._open = False
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.on_news is not None:
            self._count(data)
        elif self.on_stamp is not None:
            self._stamp(data)
        else:
            self._converse(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.synced.done():
            # `exc` names the close code, where the server sent one
            self.synced.set_exception(exc or ConnectionError("closed before it was in step"))

    # -- while it runs ----------------------------------------------------------------------

    def _count(self, data: bytes) -> None:
        if self.kept is not None:
            self.kept.append(data)
        data = self._buffer + data
        self._buffer = data[-len(MARK) :]
        # The mark must end before the last byte, which the next piece begins with.
        all_ = data.count(MARK, 0, len(data) - 1)
        news = all_ - data.count(MARK + self.writer)
        self.others += news
        assert self.on_news is not None
        self.on_news(news)

    def _stamp(self, data: bytes) -> None:
        now = time.perf_counter()
        self._pong(data)
        data = self._buffer + data
        end = 0
        assert self.on_stamp is not None
        for match in _STAMP.finditer(data):
            end = match.end()
            if not match[1].startswith(self.writer):
                self.on_stamp(match[1], now)
        self._buffer = data[max(end, len(data) - _LONGEST + 1) :]

    def _pong(self, data: bytes) -> None:
        """Who answers no ping is dropped after 40 s; one answer too many does no harm."""
        at = data.find(_PING)
        if at >= 0:
            payload = data[at + len(_PING) : at + len(_PING) + 4]
            self.transport.write(b"\x8a" + bytes((0x80 | len(payload),)) + bytes(4) + payload)

    # -- until it is in step ----------------------------------------------------------------

    def _converse(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(head.decode())
            self._open, self._buffer = True, rest
            self._greet()
        for payload in self._frames():
            self._take(payload)

    def _greet(self) -> None:
        if self.prefix:  # hocuspocus wants a token of each document first
            self.send(b"\x02\x00" + varint(5) + b"token")
        self.send(sync_frame(STEP1, _EMPTY_VECTOR))

    def _frames(self) -> Iterator[bytes]:
        while (found := read_frame(self._buffer, 0)) is not None:
            opcode, payload, end = found
            self._buffer = self._buffer[end:]
            if opcode == 8:
                raise ConnectionError(f"closed with {struct.unpack('>H', payload[:2])[0]}")
            yield payload

    def _take(self, frame: bytes) -> None:
        frame = frame[len(self.prefix) :]
        if frame[0] != SYNC:
            return
        step, at = read_varint(frame, 1)
        payload = read_bytes(frame, at)[0]
        if step == STEP1 and self.seeds is not None:
            self.send(sync_frame(STEP2, self.seeds))
        elif step != STEP1 and not self.synced.done():
            self.board.append(payload)
            if step == STEP2:
                self.synced.set_result(None)

    def send(self, payload: bytes) -> None:
        self.transport.write(masked(self.prefix + payload))

    def close(self) -> None:
        self.transport.write(b"\x88\x82\x00\x00\x00\x00\x03\xe8")
        self.transport.close()


def masked(payload: bytes) -> bytes:
    """One binary frame from a client."""
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x82, 0x80 | size)
    elif size < 65536:
        head = struct.pack(">BBH", 0x82, 0xFE, size)
    else:
        head = struct.pack(">BBQ", 0x82, 0xFF, size)
    return head + b"\x00\x00\x00\x00" + payload


def read_frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """A server's frame at `at`: opcode, payload and end; None when it is not all there."""
    if len(data) < at + 2:
        return None
    opcode, size, start = data[at] & 0x0F, data[at + 1], at + 2
    if size == 126:
        if len(data) < start + 2:
            return None
        size, start = struct.unpack_from(">H", data, start)[0], start + 2
    elif size == 127:
        if len(data) < start + 8:
            return None
        size, start = struct.unpack_from(">Q", data, start)[0], start + 8
    if len(data) < start + size:
        return None
    return opcode, data[start : start + size], start + size


async def connect(
    port: int, path: str, *, writer: bytes = b"?", prefix: bytes = b"", seeds: bytes | None = None
) -> Peer:
    """A peer that is in step with its server."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()

    def make() -> Peer:
        peer = Peer(writer, prefix, request)
        peer.seeds = seeds
        return peer

    _transport, peer = await loop.create_connection(make, "127.0.0.1", port)
    async with asyncio.timeout(60):
        await peer.synced
    return peer
