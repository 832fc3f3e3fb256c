"""A real server whose database or Redis does not answer."""

import concurrent.futures
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.server import Kreida, start_kreida, stop_kreida

pytestmark = [pytest.mark.any_database, pytest.mark.xdist_group("slow")]


@pytest.fixture(scope="module")
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def hanging(tmp_path, kreida_seed, silent) -> Iterator[Kreida]:
    """A Kreida whose database accepts connections and never answers."""
    server = start_kreida(
        tmp_path,
        kreida_seed,
        bare=True,
        DATABASE_URL=f"postgres://kreida@127.0.0.1:{silent}/kreida",
    )
    yield server
    server.process.kill()
    server.process.wait(10)


def send_raw(server: Kreida, request: str) -> bytes:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request.encode())
        return connection.makefile("rb").read()


def test_health_and_static_files_are_answered_while_every_thread_waits_for_the_database(hanging):
    cookie = f"Cookie: sessionid={'a' * 32}"
    page = f"GET /api/me/ HTTP/1.0\r\nHost: 127.0.0.1\r\n{cookie}\r\n\r\n"
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        pages = [pool.submit(send_raw, hanging, page) for _ in range(12)]
        began = time.monotonic()
        assert send_raw(hanging, "GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 1
        ready = send_raw(hanging, "GET /readyz HTTP/1.0\r\n\r\n")
        assert time.monotonic() - began < 4
        assert b'{"status":"unavailable","failing":["database"]}' in ready
        static = "GET /static/no-such.js HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
        assert send_raw(hanging, static).startswith(b"HTTP/1.1 404")
        assert not any(page.done() for page in pages)
        hanging.process.kill()  # else the pages would wait for the database's timeout


@pytest.mark.parametrize("path", ["/healthz", "/healthz/", "/readyz", "/readyz/"])
@pytest.mark.parametrize(
    "head",
    [
        "GET {path} HTTP/1.0\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: 10.0.0.7:8001\r\nConnection: close\r\n\r\n",
        "GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n",
    ],
)
def test_health_answers_any_host_and_old_http(kreida, path, head):
    answer = send_raw(kreida, head.format(path=path))
    assert answer.split(b" ")[1] == b"200"
    assert answer.endswith(b'{"status":"ok"}')


def test_health_answers_head_without_a_body(kreida):
    answer = send_raw(kreida, "HEAD /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_sign_in_works_while_redis_is_silent(tmp_path, kreida_seed, silent):
    server = start_kreida(tmp_path, kreida_seed, REDIS_URL=f"redis://127.0.0.1:{silent}/0")
    try:
        answer = httpx.post(
            f"{server.url}/_allauth/app/v1/auth/login",
            json={"email": "nobody@school.example", "password": "chalk-and-sponge"},
            timeout=15,
        )
        assert answer.json()["errors"][0]["code"] == "email_password_mismatch"
        assert httpx.get(f"{server.url}/readyz").json()["failing"] == ["redis"]
    finally:
        stop_kreida(server)
