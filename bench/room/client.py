"""A WebSocket client that uses little CPU, so that the server is what is measured.

It masks with zeros, which RFC 6455 (5.3) allows, sends frames encoded beforehand, and counts
incoming updates by a marker in each instead of decoding frames.
"""

import asyncio
import re
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

from pycrdt import write_var_uint as varint

from apps.classroom.realtime.board.varints import read_bytes, read_varint
from apps.classroom.realtime.board.yproto import STEP1, STEP2, SYNC, sync_frame

MARK = b"~kreida"  # once in each stroke update, followed by its writer and number
_STAMP = re.compile(MARK + rb"(.\d{6})")
_PING = b"\x89\x04"  # a ping frame with four bytes of payload
_MAX_STAMP_LENGTH = len(MARK) + 7
_EMPTY_STATE_VECTOR = b"\x00"


class Peer(asyncio.Protocol):
    """One socket; `prefix` precedes each message, as hocuspocus requires."""

    def __init__(self, writer: bytes, prefix: bytes, request: bytes) -> None:
        self.prefix = prefix
        self.writer = writer
        self.synced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.board: list[bytes] = []  # the board as updates, until `synced`
        self.initial_board: bytes | None = None  # the answer to the server's sync step 1
        self.received_updates = 0  # number of updates by other writers
        self.on_updates: Callable[[int], None] | None = None
        self.on_stamp: Callable[[bytes, float], None] | None = None
        self.recorded_data: list[bytes] | None = None
        self._request = request
        self._is_open = False
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.on_updates is not None:
            self._count_updates(data)
        elif self.on_stamp is not None:
            self._match_stamps(data)
        else:
            self._synchronize(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.synced.done():
            # `exc` contains the close code if the server sent one
            self.synced.set_exception(exc or ConnectionError("closed before it was synchronized"))

    # -- while measuring ----------------------------------------------------------------------

    def _count_updates(self, data: bytes) -> None:
        if self.recorded_data is not None:
            self.recorded_data.append(data)
        data = self._buffer + data
        self._buffer = data[-len(MARK) :]
        # A mark at the very end is counted with the next chunk, which has its writer.
        marks = data.count(MARK, 0, len(data) - 1)
        count = marks - data.count(MARK + self.writer)
        self.received_updates += count
        assert self.on_updates is not None
        self.on_updates(count)

    def _match_stamps(self, data: bytes) -> None:
        now = time.perf_counter()
        self._answer_ping(data)
        data = self._buffer + data
        end = 0
        assert self.on_stamp is not None
        for match in _STAMP.finditer(data):
            end = match.end()
            if not match[1].startswith(self.writer):
                self.on_stamp(match[1], now)
        self._buffer = data[max(end, len(data) - _MAX_STAMP_LENGTH + 1) :]

    def _answer_ping(self, data: bytes) -> None:
        """Answer a ping, or the server drops the socket after 40 s. Extra pongs are harmless."""
        at = data.find(_PING)
        if at >= 0:
            payload = data[at + len(_PING) : at + len(_PING) + 4]
            self.transport.write(b"\x8a" + bytes((0x80 | len(payload),)) + bytes(4) + payload)

    # -- until synchronized ----------------------------------------------------------------

    def _synchronize(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(head.decode())
            self._is_open, self._buffer = True, rest
            self._start_sync()
        for payload in self._read_frames():
            self._handle_message(payload)

    def _start_sync(self) -> None:
        if self.prefix:  # hocuspocus requires a token for each document first
            self.send(b"\x02\x00" + varint(5) + b"token")
        self.send(sync_frame(STEP1, _EMPTY_STATE_VECTOR))

    def _read_frames(self) -> Iterator[bytes]:
        while (frame := read_frame(self._buffer, 0)) is not None:
            opcode, payload, end = frame
            self._buffer = self._buffer[end:]
            if opcode == 8:
                raise ConnectionError(f"closed with {struct.unpack('>H', payload[:2])[0]}")
            yield payload

    def _handle_message(self, frame: bytes) -> None:
        frame = frame[len(self.prefix) :]
        if frame[0] != SYNC:
            return
        step, at = read_varint(frame, 1)
        payload = read_bytes(frame, at)[0]
        if step == STEP1 and self.initial_board is not None:
            self.send(sync_frame(STEP2, self.initial_board))
        elif step != STEP1 and not self.synced.done():
            self.board.append(payload)
            if step == STEP2:
                self.synced.set_result(None)

    def send(self, payload: bytes) -> None:
        self.transport.write(encode_frame(self.prefix + payload))

    def close(self) -> None:
        self.transport.write(b"\x88\x82\x00\x00\x00\x00\x03\xe8")
        self.transport.close()


def encode_frame(payload: bytes) -> bytes:
    """Encode one binary client frame with a mask of zeros."""
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x82, 0x80 | size)
    elif size < 65536:
        head = struct.pack(">BBH", 0x82, 0xFE, size)
    else:
        head = struct.pack(">BBQ", 0x82, 0xFF, size)
    return head + b"\x00\x00\x00\x00" + payload


def read_frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """Read a server frame at `at`: opcode, payload and end, or None if it is incomplete."""
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
    port: int,
    path: str,
    *,
    writer: bytes = b"?",
    prefix: bytes = b"",
    initial_board: bytes | None = None,
) -> Peer:
    """Connect a peer and wait until it is synchronized."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()

    def make_peer() -> Peer:
        peer = Peer(writer, prefix, request)
        peer.initial_board = initial_board
        return peer

    _transport, peer = await loop.create_connection(make_peer, "127.0.0.1", port)
    async with asyncio.timeout(60):
        await peer.synced
    return peer
