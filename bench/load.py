"""A lightweight HTTP load generator that can share two cores with the server it measures.

Each keep-alive connection sends its next request when the response to the last one has arrived.
"""

import asyncio
import socket
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import uvloop


@dataclass
class RoundResult:
    """Results of one round; latencies are in seconds."""

    latencies: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    unexpected: bytes = b""  # the first response with another status, or an error

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.elapsed

    def percentile(self, fraction: float) -> float:
        """The latency in milliseconds at that fraction of the requests (0.99 for p99)."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


class _Connection(asyncio.Protocol):
    def __init__(
        self, requests: Iterator[bytes], status: int, end: float, result: RoundResult
    ) -> None:
        self.requests, self.status, self.end, self.result = requests, b"%d" % status, end, result
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.length = -1

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.started_at = time.perf_counter()
        if self.started_at >= self.end or self.result.unexpected:
            self.transport.close()
        else:
            self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if self.length < 0:
            head, found, _body = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            _before, _name, after = head.lower().partition(b"content-length:")
            self.length = len(head) + 4 + int(after.partition(b"\r\n")[0] or 0)  # 304 has none
        if len(self.buffer) < self.length:
            return
        self.result.latencies.append(time.perf_counter() - self.started_at)
        if self.buffer[9:12] != self.status:
            self.result.unexpected = self.buffer
        self.buffer, self.length = b"", -1
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc and not self.result.unexpected:
            self.result.unexpected = repr(exc).encode()
        if not self.done.done():
            self.done.set_result(None)


async def _run(
    port: int, requests: Iterator[bytes], status: int, connections: int, seconds: float
) -> RoundResult:
    loop, result = asyncio.get_running_loop(), RoundResult()
    started_at = time.perf_counter()
    clients = [
        await loop.create_connection(
            lambda: _Connection(requests, status, started_at + seconds, result), "127.0.0.1", port
        )
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for _transport, client in clients))
    result.elapsed = time.perf_counter() - started_at
    return result


def run(
    port: int, requests: Iterator[bytes], *, status: int, connections: int, seconds: float
) -> RoundResult:
    """Run one round. Exits if a response has another status, since errors would distort it."""
    result = uvloop.run(_run(port, requests, status, connections, seconds))
    if result.unexpected:
        raise SystemExit(f"A response other than {status}: {result.unexpected[:2000]!r}")
    return result


@dataclass(frozen=True, slots=True)
class Summary:
    rate: float
    p50: float
    p99: float

    @classmethod
    def of(cls, rounds: list[RoundResult]) -> "Summary":
        """The median of each figure over the rounds."""
        return cls(
            statistics.median(r.rate for r in rounds),
            statistics.median(r.percentile(0.50) for r in rounds),
            statistics.median(r.percentile(0.99) for r in rounds),
        )


def fetch(port: int, request: bytes) -> bytes:
    """Send one request on a new connection and return the body of the response."""
    return _fetch(port, request)[1]


def fetch_header(port: int, request: bytes, name: str) -> str:
    """The value of a header of the response, or ""."""
    for line in _fetch(port, request)[0].decode("latin-1").split("\r\n"):
        found, _colon, value = line.partition(":")
        if found.lower() == name:
            return value.strip()
    return ""


def _fetch(port: int, request: bytes) -> tuple[bytes, bytes]:
    head, _, rest = request.partition(b"\r\n")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head + b"\r\nConnection: close\r\n" + rest)
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = response.partition(b"\r\n\r\n")
    return head, body
