"""deploy/nginx.conf in front of two processes on PostgreSQL and Redis, as docs/deploy.md says."""

import contextlib
import re
import socket
import uuid
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.proxy import CONF, nginx
from tests.server import Kreida, start_kreida, stop_kreida

pytestmark = [pytest.mark.redis, pytest.mark.postgres, pytest.mark.nginx]


@pytest.fixture(scope="module")
def database(postgres_url) -> Iterator[str]:
    name = f"kreida_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield re.sub(r"/[^/]*$", f"/{name}", postgres_url)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def pair(tmp_path_factory, database, redis_url, kreida_seed) -> Iterator[list[Kreida]]:
    env = {"DATABASE_URL": database, "REDIS_URL": redis_url, "SECRET_KEY": uuid.uuid4().hex * 2}
    servers = [start_kreida(tmp_path_factory.mktemp("a"), kreida_seed, **env)]
    servers.append(start_kreida(tmp_path_factory.mktemp("b"), kreida_seed, **env))
    yield servers
    for server in servers:
        if server.process.poll() is None:
            stop_kreida(server)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, pair) -> Iterator[str]:
    with nginx(tmp_path_factory.mktemp("nginx"), [server.url for server in pair]) as address:
        yield address


def get(proxy: str, path: str, **options) -> httpx.Response:
    return httpx.get(proxy + path, headers={"Host": "127.0.0.1"}, timeout=10, **options)


def test_both_processes_share_data_and_one_can_die_unnoticed(pair, proxy, tmp_path):
    assert get(proxy, "/readyz").status_code == 200
    pair[1].process.kill()
    pair[1].process.wait()
    assert {get(proxy, "/readyz").status_code for _ in range(20)} == {200}


def test_one_client_address_cannot_take_all_connections(tmp_path, pair):
    """The limit is lowered, so that a few sockets reach it."""
    with nginx(tmp_path, [pair[0].url, pair[0].url], connections_of_a_client=5) as address:
        with contextlib.ExitStack() as open_now:
            for _ in range(5):
                host, port = address.removeprefix("http://").split(":")
                held = open_now.enter_context(socket.create_connection((host, int(port))))
                head = "POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9"
                held.sendall(f"{head}\r\n\r\n".encode())
            statuses = {get(address, "/readyz").status_code for _ in range(3)}
        assert statuses == {429}
        assert get(address, "/readyz").status_code == 200


def test_proxy_logs_contain_no_tokens_or_tickets(proxy, tmp_path_factory):
    for number in range(10):  # some are sent to the process killed by the test above
        get(proxy, f"/invite/SECRET-IN-PATH-{number}/")
        get(proxy, "/api/lesson-invites/resolve/", params={"token": f"SECRET-{number}"})
    folder = tmp_path_factory.getbasetemp() / "nginx0"
    logs = [file.read_text() for file in folder.glob("*.log")]
    assert any("GET 401" in log for log in logs)
    assert not any("SECRET" in log for log in logs)


@pytest.mark.parametrize("host", ["evil.example", "localhost", "testserver"])
def test_proxy_does_not_answer_for_another_host(proxy, host):
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{proxy}/readyz", headers={"Host": host}, timeout=10)


def test_every_server_of_the_proxy_limits_the_time_of_headers():
    """The limit of the default server holds until the host of a request is known."""
    servers = CONF.read_text().split("\nserver {")[1:]
    assert [("client_header_timeout 15s;" in server) for server in servers] == [True] * 4
