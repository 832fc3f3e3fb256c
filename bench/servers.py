"""The processes under test: starting, measuring and stopping servers; databases."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

_UVICORN = ["-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--lifespan", "off"]
_GRANIAN = ["-m", "granian", "--interface", "wsgi", "--no-access-log", "--log-level", "warning"]
PRODUCT = "Kreida"
COMMANDS = {
    PRODUCT: ["manage.py", "serve", "--bare"],
    "uvicorn, a2wsgi": [*_UVICORN, "bench.asgi:threads"],
    "uvicorn, one hand-over": [*_UVICORN, "bench.asgi:bridge"],
    "uvicorn, Django's ASGI handler": [*_UVICORN, "bench.asgi:handler"],
    "granian, WSGI": [*_GRANIAN, "--blocking-threads", "4", "bench.asgi:wsgi"],
}


@contextmanager
def serving(
    port: int, database_url: str, kind: str = PRODUCT, workers: int = 1, **variables: str
) -> Iterator[int]:
    """A running server's pid."""
    command = [sys.executable, *COMMANDS[kind], "--port", str(port)]
    if kind != PRODUCT:
        command += ["--workers", str(workers)]
    environment = {**os.environ, "DATABASE_URL": database_url, **variables}
    # Its log lines are written, as in production, but to nowhere.
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/readyz", process)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url):
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None:
                raise SystemExit(f"The server ended at its start: {process.args}") from None
            time.sleep(0.1)
    raise SystemExit(f"Nothing answers at {url}")


def resident_mb(pid: int) -> float:
    """Of the largest process of that server."""
    statuses = [Path(f"/proc/{process}/status").read_text() for process in family(pid)]
    return max(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses) * 1024 / 1e6


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """Used so far by each of these processes that still lives."""
    used = {}
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def family(pid: int) -> list[int]:
    """The process and its children: a server and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def backends(database_url: str) -> list[int]:
    """The processes with which PostgreSQL serves that database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in rows]


def database_exists(url: str) -> bool:
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres") as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return found.fetchone() is not None


def create_database(url: str) -> None:
    _administer(url, "CREATE DATABASE {}")


def drop_database(url: str) -> None:
    _administer(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)")


def _administer(url: str, statement: str) -> None:
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
