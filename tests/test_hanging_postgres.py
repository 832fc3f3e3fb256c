"""PostgreSQL that keeps its connections open without answering, like a stopped process."""

import concurrent.futures
import contextlib
import socket
import threading
import time

import httpx
import pytest
from django.db import OperationalError, connection

from apps.classroom.tests.servers import ServerProcess, database_url
from apps.common.postgresql.base import BoundedConnection, DatabaseWrapper

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("slow")]


class Proxy:
    """A proxy to PostgreSQL; `freeze` permanently stops forwarding on the open connections."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self.listener.getsockname()[1]
        self.generation = 0
        self.sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self):
        self.generation += 1

    def close(self):
        """Shut the sockets down first, because a thread still reads from them."""
        for one in [self.listener, *self.sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self):
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            self.sockets += [client, server]
            for pair in ((client, server), (server, client)):
                threading.Thread(
                    target=self._forward, args=(*pair, self.generation), daemon=True
                ).start()

    def _forward(self, source, sink, generation):
        """When frozen, keep reading, so that the sender's TCP gets acknowledgements."""
        try:
            while data := source.recv(65536):
                if generation == self.generation:
                    sink.sendall(data)
            if generation == self.generation:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def proxy():
    """Closed after two minutes, so that a pending request fails instead of hanging."""
    database = connection.settings_dict
    running = Proxy((database["HOST"] or "127.0.0.1", int(database["PORT"] or 5432)))
    latest = threading.Timer(120, running.close)
    latest.start()
    yield running
    latest.cancel()
    running.close()


@pytest.fixture
def server(transactional_db, proxy):
    """A server that waits 2 seconds for the answer to a statement, instead of 20."""
    credentials, _at, place = database_url().rpartition("@")
    database = f"{credentials}@127.0.0.1:{proxy.port}/{place.partition('/')[2]}?answer_timeout=2"
    process = ServerProcess(database=database)
    yield process
    process.kill()


def send_requests(server, number=12):
    """Send requests at once; each queries the database for its session."""

    def ask(_number):
        cookies = {"sessionid": "a" * 32}
        return httpx.get(f"{server.url}/api/me/", cookies=cookies, timeout=60)

    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))


def test_threads_are_released_while_connections_hang(server, proxy):
    while any(answer.status_code != 401 for answer in send_requests(server)):
        pass
    proxy.freeze()
    send_requests(server)
    deadline = time.monotonic() + 60
    while any(answer.status_code != 401 for answer in send_requests(server)):
        assert time.monotonic() < deadline


def test_statement_without_an_answer_is_service_unavailable(server, proxy):
    send_requests(server)
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        proxy.target = silent.getsockname()
        proxy.freeze()
        for answer in send_requests(server, 4):
            assert answer.status_code == 503
            assert answer.json()["error"] == "service_unavailable"
            assert int(answer.headers["Retry-After"]) > 0


def test_connection_that_hangs_in_a_transaction_is_closed(proxy, transactional_db):
    options = {**connection.settings_dict["OPTIONS"], "answer_timeout": 0.5}
    address = {"HOST": "127.0.0.1", "PORT": proxy.port, "OPTIONS": options}
    hanging = DatabaseWrapper({**connection.settings_dict, **address}, "hanging")
    with hanging.cursor() as cursor:
        cursor.execute("BEGIN")
        proxy.freeze()
        with pytest.raises(OperationalError, match="did not answer in time"):
            cursor.execute("SELECT 1")
    assert isinstance(hanging.connection, BoundedConnection)
    assert hanging.connection.closed


def test_connection_stays_open_when_the_server_cancels_a_statement(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 50")
        with pytest.raises(OperationalError):
            cursor.execute("SELECT pg_sleep(5)")
        cursor.execute("SET statement_timeout = '15s'")
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
