"""Connections whose client does not read the response are dropped, with their kernel buffers."""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from apps.common import http_protocol
from tests.server import free_port

pytestmark = pytest.mark.any_database

STALLED = 2.0
CHUNK = 256 * 1024


async def answer_at_length(scope, receive, send):
    """Answer /chunks/N or /whole/N with N bytes, in several messages or in one."""
    _, way, size = scope["path"].split("/")
    length = [(b"content-length", size.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    chunks = int(size) // CHUNK if way == "chunks" else 1
    for _ in range(chunks):
        body = b"x" * (int(size) // chunks)
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def server(monkeypatch) -> Iterator[uvicorn.Server]:
    monkeypatch.setattr(http_protocol, "STALLED_SECONDS", STALLED)
    monkeypatch.setattr(http_protocol, "TICK", 0.2)
    config = uvicorn.Config(
        answer_at_length,
        port=free_port(),
        http=http_protocol.BoundedHttp,
        lifespan="off",
        timeout_keep_alive=60,
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server
    server.should_exit = True
    thread.join(20)


def send_request(server: uvicorn.Server, path: str, connection: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.config.port), timeout=10)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode())
    return client


STALLED_READERS = list(
    itertools.product(
        (f"/chunks/{80 * CHUNK}", f"/whole/{80 * CHUNK}", "/whole/2000000"),
        ("keep-alive", "close"),
    )
)


def test_connections_of_stalled_readers_are_dropped(server):
    clients = [send_request(server, path, connection) for path, connection in STALLED_READERS]
    for client in clients:
        assert client.recv(1, socket.MSG_PEEK)
    began = time.monotonic()
    while server.server_state.connections and time.monotonic() - began < 10 * STALLED:
        time.sleep(0.05)
    assert not server.server_state.connections
    time.sleep(max(0.0, began + 2 * STALLED - time.monotonic()))
    # Only what had crossed: the kernel's part of the answer is gone too.
    assert all(count_received(client) < 1_000_000 for client in clients)


def count_received(client: socket.socket) -> int:
    received = 0
    with client, contextlib.suppress(ConnectionResetError):
        while content := client.recv(1 << 20):
            received += len(content)
    return received


def test_slow_reader_gets_the_whole_response(server):
    size = 40 * CHUNK
    with send_request(server, f"/chunks/{size}", "close") as client:
        began = time.monotonic()
        received = 0
        while content := client.recv(CHUNK):
            received += len(content)
            time.sleep(0.1)
        assert time.monotonic() - began > STALLED
        assert received > size
