"""A PostgreSQL that keeps its connections open and answers nothing, as one that is stopped does."""

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
    """In front of PostgreSQL; `freeze` makes the connections of that moment silent for good."""

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
        """With a FIN at once, though a thread still reads: PostgreSQL drops no database in use."""
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
        """Reads on when frozen: the sender's TCP sees everything acknowledged."""
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
    """Closed after two minutes, so that what still waits for it fails and does not hang."""
    told = connection.settings_dict
    running = Proxy((told["HOST"] or "127.0.0.1", int(told["PORT"] or 5432)))
    latest = threading.Timer(120, running.close)
    latest.start()
    yield running
    latest.cancel()
    running.close()


@pytest.fixture
def server(transactional_db, proxy):
    """Gives a statement two seconds instead of twenty."""
    credentials, _at, place = database_url().rpartition("@")
    database = f"{credentials}@127.0.0.1:{proxy.port}/{place.partition('/')[2]}?answer_timeout=2"
    process = ServerProcess(database=database)
    yield process
    process.kill()


def ask_at_once(server, number=12):
    """Each needs the database: the session is looked up there."""

    def ask(_number):
        cookies = {"sessionid": "a" * 32}
        return httpx.get(f"{server.url}/api/me/", cookies=cookies, timeout=60)

    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))


def test_threads_are_free_again_while_their_connections_hang(server, proxy):
    while any(answer.status_code != 401 for answer in ask_at_once(server)):
        pass
    proxy.freeze()
    ask_at_once(server)
    deadline = time.monotonic() + 60
    while any(answer.status_code != 401 for answer in ask_at_once(server)):
        assert time.monotonic() < deadline


def test_statement_without_an_answer_is_service_unavailable(server, proxy):
    ask_at_once(server)
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        proxy.target = silent.getsockname()
        proxy.freeze()
        for answer in ask_at_once(server, 4):
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


def test_statement_that_the_server_ends_leaves_the_connection_open(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 50")
        with pytest.raises(OperationalError):
            cursor.execute("SELECT pg_sleep(5)")
        cursor.execute("SET statement_timeout = '15s'")
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
