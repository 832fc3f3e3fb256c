"""Limits of connections: large and stalled headers and bodies, and the number of connections."""

import json
import re
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from apps.classroom.tests.pictures import large_picture
from apps.common import http_protocol
from apps.common.file_descriptors import MAX_DESCRIPTORS
from tests.server import Kreida, start_kreida, stop_kreida

pytestmark = [pytest.mark.any_database, pytest.mark.xdist_group("connections")]


def connect(server: Kreida) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def answer(connection: socket.socket) -> bytes:
    try:
        return connection.makefile("rb").read()
    except ConnectionError:
        return b""


def test_endless_headers_are_refused(kreida):
    with connect(kreida) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        connection.sendall((b"X-Filler: " + b"x" * 4000 + b"\r\n") * 17)
        assert answer(connection).startswith(b"HTTP/1.1 431")


def test_refused_headers_are_answered_in_the_language_of_the_browser(kreida):
    with connect(kreida) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: uk\r\n")
        connection.sendall((b"X-Filler: " + b"x" * 4000 + b"\r\n") * 17)
        head, _blank, body = answer(connection).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    assert json.loads(body)["detail"] == "Заголовки запиту завеликі."


@pytest.mark.parametrize(
    "line", [b"GET /" + b"a" * 100_000, b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000]
)
def test_one_long_line_is_refused(kreida, line):
    with connect(kreida) as connection:
        connection.sendall(line)
        assert answer(connection).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "framing", [b"1;x=", b"1\r\na\r\n0\r\nX: ", b"1\r\na\r\n0\r\n" + b"X: y\r\n" * 99]
)
def test_large_framing_of_a_chunked_body_is_refused(kreida, framing):
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
    with connect(kreida) as connection:
        connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
        go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.recv(len(go_on)) == go_on
        connection.sendall(framing + b"a" * 100_000)
        assert answer(connection).startswith(b"HTTP/1.1 431")


def test_body_in_one_byte_chunks_is_accepted(kreida):
    head = (
        b"POST /api/classrooms/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with connect(kreida) as connection:
        connection.sendall(head + b"1\r\na\r\n" * 50_000 + b"0\r\nX: y\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 401"


INCOMPLETE_HEADS = (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n")
STALLED_BODY = (
    b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\nlogin="
)
# Almost complete at once, and then nothing.
HELD_BODY = STALLED_BODY.replace(b"5000", b"1000000") + b"x" * 999_000


@pytest.fixture(scope="module", autouse=True)
def stalled(kreida):
    """Connections that stall after what they sent, all at once and while the other tests run: the
    answers to come and their seconds."""

    def stall(start):
        with connect(kreida) as connection:
            connection.sendall(start)
            began = time.monotonic()
            return answer(connection), time.monotonic() - began

    starts = (*INCOMPLETE_HEADS, STALLED_BODY, HELD_BODY)
    with ThreadPoolExecutor(len(starts)) as pool:
        yield {start: pool.submit(stall, start) for start in starts}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/classroom/sessions/00000000-0000-4000-8000-000000000000/files/", b"404"),
        ("/students/import/", b"302"),
    ],
)
@pytest.mark.parametrize("framing", ["Content-Length: 15000000", "Transfer-Encoding: chunked"])
def test_upload_of_a_stranger_is_refused_before_it_is_read(kreida, path, status, framing):
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}\r\n"
    head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    with connect(kreida) as connection:
        connection.sendall(head.encode())
        if "chunked" in framing:
            connection.sendall(b"180000\r\n" + b"x" * 0x180000 + b"\r\n")
        assert connection.recv(12) == b"HTTP/1.1 " + status


def test_large_picture_of_a_participant_is_stored(kreida, kreida_seed):
    said = re.search(r"tutor +(\S+) +(\S+)", (kreida_seed / "first_start.log").read_text())
    assert said is not None
    with httpx.Client(base_url=kreida.url, timeout=60) as client:
        known = {"email": said[1], "password": said[2]}
        signed_in = client.post("/_allauth/app/v1/auth/login", json=known).json()
        client.headers["Authorization"] = f"Bearer {signed_in['meta']['access_token']}"
        now = datetime.now(UTC)
        weeks = {"from": now - timedelta(14), "to": now + timedelta(14)}
        days = {name: str(day.date()) for name, day in weeks.items()}
        lessons = client.get("/api/lessons/", params=days).json()["results"]
        room = client.get(f"/api/lessons/{lessons[0]['id']}/room/").json()
        files = f"/api/classroom/sessions/{room['session_uuid']}/files/"
        picture = large_picture(3_000_000)
        form = client.build_request("POST", files, files={"file": ("p.png", picture)})
        in_chunks = {**form.headers, "Transfer-Encoding": "chunked"}
        del in_chunks["content-length"]
        content = form.read()
        chunks = (content[at : at + 100_000] for at in range(0, len(content), 100_000))
        chunked = client.build_request("POST", files, headers=in_chunks, content=chunks)
        for request in (form, chunked):
            kept = client.send(request)
            assert kept.status_code == 201, kept.text
            assert client.get(kept.json()["url"]).headers["content-type"] == "image/png"


@pytest.fixture
def narrow(tmp_path, kreida_seed) -> Iterator[Kreida]:
    """A server that may open 200 file descriptors."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    server = start_kreida(tmp_path, kreida_seed)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (200, before[1]))
    yield server
    stop_kreida(server)


def test_connection_beyond_the_limit_gets_503(narrow):
    opened = [connect(narrow) for _ in range(180)]
    try:
        refused = connect(narrow)
        assert answer(refused).startswith(b"HTTP/1.1 503")
        narrow.wait_for("too many connections", 10)
    finally:
        for connection in opened:
            connection.close()
    time.sleep(1)
    with connect(narrow) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 200")


def test_soft_limit_of_descriptors_is_raised_at_start(tmp_path, kreida_seed):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        server = start_kreida(tmp_path, kreida_seed)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    try:
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        found = re.search(r"Max open files +(\d+) +(\d+)", limits)
        assert found is not None
        assert int(found[1]) == min(int(found[2]), MAX_DESCRIPTORS)
        opened = [connect(server) for _ in range(300)]
        opened[-1].sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert answer(opened[-1]).startswith(b"HTTP/1.1 200")
        for connection in opened:
            connection.close()
    finally:
        stop_kreida(server)


@pytest.mark.parametrize("start", INCOMPLETE_HEADS)
def test_connection_with_an_incomplete_head_is_closed(stalled, start):
    reply, seconds = stalled[start].result()
    assert reply.startswith(b"HTTP/1.1 408")
    assert seconds < http_protocol.HEAD_SECONDS + 10


@pytest.mark.parametrize("start", [STALLED_BODY, HELD_BODY], ids=["short", "held"])
def test_connection_with_a_stalled_body_is_closed(stalled, start):
    reply, seconds = stalled[start].result()
    assert reply.startswith(b"HTTP/1.1 408")
    assert seconds < http_protocol.BODY_WINDOW + 10
