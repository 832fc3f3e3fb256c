"""A load generator in one small event loop, light enough to share two cores with what it measures:
keep-alive connections, each of which sends its next request when the last one is answered."""

import asyncio
import socket
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import uvloop


@dataclass
class Round:
    """What one round saw. Latencies are in seconds."""

    latencies: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    wrong: bytes = b""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.elapsed

    def percentile(self, part: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], status: int, end: float, seen: Round) -> None:
        self.requests, self.status, self.end, self.seen = requests, b"%d" % status, end, seen
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.length = -1

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.began = time.perf_counter()
        if self.began >= self.end or self.seen.wrong:
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
            self.length = len(head) + 4 + int(after.partition(b"\r\n")[0])
        if len(self.buffer) < self.length:
            return
        self.seen.latencies.append(time.perf_counter() - self.began)
        if self.buffer[9:12] != self.status:
            self.seen.wrong = self.buffer
        self.buffer, self.length = b"", -1
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc and not self.seen.wrong:
            self.seen.wrong = repr(exc).encode()
        if not self.done.done():
            self.done.set_result(None)


async def _run(
    port: int, requests: Iterator[bytes], status: int, connections: int, seconds: float
) -> Round:
    loop, seen = asyncio.get_running_loop(), Round()
    began = time.perf_counter()
    clients = [
        await loop.create_connection(
            lambda: _Connection(requests, status, began + seconds, seen), "127.0.0.1", port
        )
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for _transport, client in clients))
    seen.elapsed = time.perf_counter() - began
    return seen


def run(
    port: int, requests: Iterator[bytes], *, status: int, connections: int, seconds: float
) -> Round:
    """Every answer must have that status: error pages would be fast and worth nothing."""
    seen = uvloop.run(_run(port, requests, status, connections, seconds))
    if seen.wrong:
        raise SystemExit(f"An answer other than {status}: {seen.wrong[:2000]!r}")
    return seen


@dataclass(frozen=True, slots=True)
class Summary:
    rate: float
    p50: float
    p99: float

    @classmethod
    def of(cls, rounds: list[Round]) -> "Summary":
        """The median round of each figure."""
        return cls(
            statistics.median(r.rate for r in rounds),
            statistics.median(r.percentile(0.50) for r in rounds),
            statistics.median(r.percentile(0.99) for r in rounds),
        )


def fetch(port: int, request: bytes) -> bytes:
    """One answer's body."""
    head, _, rest = request.partition(b"\r\n")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head + b"\r\nConnection: close\r\n" + rest)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return answer.partition(b"\r\n\r\n")[2]
