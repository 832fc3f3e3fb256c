"""The server started by `make run`: static files, headers, invalid requests, health, stopping."""

import concurrent.futures
import functools
import json
import re
import signal
import socket

import httpx
import pytest

from tests.server import start_kreida

pytestmark = [pytest.mark.any_database, pytest.mark.xdist_group("serving")]
THREADS = 4  # in which a server answers pages
SIGN_UP = "/_allauth/app/v1/auth/signup"


def test_health_and_readiness_are_ok(kreida):
    assert httpx.get(f"{kreida.url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{kreida.url}/readyz").json() == {"status": "ok"}


def test_static_files_are_hashed_compressed_and_immutable(kreida):
    page = httpx.get(f"{kreida.url}/api/docs/").text
    script = re.search(r'src="(/static/[^"]+swagger-ui-bundle\.[0-9a-f]{12}\.js)"', page).group(1)
    answer = httpx.get(kreida.url + script, headers={"Accept-Encoding": "br"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "br"
    assert "immutable" in answer.headers["Cache-Control"]


def test_page_links_to_third_party_licences(kreida):
    link = re.search(r'href="(/static/[^"]+/licences\.txt)"', httpx.get(f"{kreida.url}/").text)
    answer = httpx.get(kreida.url + link.group(1))
    assert answer.headers["Content-Type"] == 'text/plain; charset="utf-8"'
    assert "## yjs" in answer.text
    assert "SIL OPEN FONT LICENSE" in answer.text


def test_security_headers_allow_no_inline_script(kreida):
    headers = httpx.get(f"{kreida.url}/api/docs/").headers
    scripts = re.search(r"script-src ([^;]+)", headers["Content-Security-Policy"]).group(1)
    assert scripts == "'self' 'wasm-unsafe-eval'"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


def test_invalid_request_line_is_refused_in_json(kreida):
    host, port = kreida.url.removeprefix("http://").split(":")
    for line, code in (("BREW /api/lessons/ HTTP/1.1", 405), ("GET /api/lessons/ HTTP/x", 400)):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{line}\r\nHost: {host}\r\n\r\n".encode())
            head, body = connection.makefile("rb").read().split(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {code} ".encode())
        assert set(json.loads(body)) >= {"error", "detail"}


def test_chunked_body_is_accepted(kreida):
    body = iter([b'{"email": "chunks@school.example", "password": "chalk-and-', b'sponge"}'])
    answer = httpx.post(
        kreida.url + "/_allauth/app/v1/auth/login",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.json()["errors"][0]["code"] == "email_password_mismatch"


def test_ten_megabyte_body_is_refused_chunked_or_not(kreida):
    for body in (b"x" * 10_000_000, iter([b"x" * 1_000_000] * 10)):
        answer = httpx.post(kreida.url + "/api/lessons/", content=body)
        assert (answer.status_code, answer.json()["error"]) == (413, "payload_too_large")


def test_pending_requests_finish_when_the_server_stops(tmp_path, kreida_seed):
    server = start_kreida(tmp_path, kreida_seed)

    def sign_up(number: int) -> int:
        # Hashing a password takes long enough for requests to be pending at the stop.
        return httpx.post(
            server.url + SIGN_UP,
            json={
                "email": f"s{number}@school.example",
                "password": "chalk-and-sponge",
                "first_name": "S",
                "last_name": "N",
                "role": "student",
            },
            timeout=30,
        ).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(sign_up, number) for number in range(8)]
        concurrent.futures.wait(answers, return_when=concurrent.futures.FIRST_COMPLETED)
        server.process.send_signal(signal.SIGTERM)
        assert [answer.result() for answer in answers] == [200] * 8
    server.process.wait(30)


@pytest.mark.parametrize("host", ["anything.example", "[::1]:99", "a b"])
def test_health_is_answered_for_any_host(kreida, host):
    for path in ("/healthz", "/healthz/", "/readyz", "/readyz/"):
        assert httpx.get(kreida.url + path, headers={"Host": host}).status_code == 200


def test_health_is_answered_over_http_1_0_without_a_host(kreida):
    host, port = kreida.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")


def test_health_is_answered_while_the_database_hangs(tmp_path):
    """The listener never accepts, so connections to the database get no answer: the pages wait
    longer than a busy machine takes for the health checks."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=50) as database,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        port = database.getsockname()[1]
        url = f"postgres://kreida@127.0.0.1:{port}/kreida?connect_timeout=12"
        server = start_kreida(tmp_path, bare=True, DATABASE_URL=url)
        try:
            ask = functools.partial(httpx.get, cookies={"sessionid": "x" * 32}, timeout=60)
            asked = [pool.submit(ask, f"{server.url}/api/me/") for _ in range(THREADS)]
            alive = httpx.get(f"{server.url}/healthz", timeout=60)
            ready = httpx.get(f"{server.url}/readyz", timeout=60)
            assert not any(page.done() for page in asked)
        finally:
            server.process.kill()
            server.process.wait()
    assert alive.status_code == 200
    assert (ready.status_code, "database" in ready.json()["failing"]) == (503, True)
