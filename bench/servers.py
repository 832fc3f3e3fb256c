"""Start, measure and stop the servers under test; create and drop databases."""

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
def run_server(
    port: int, database_url: str, kind: str = PRODUCT, workers: int = 1, **variables: str
) -> Iterator[int]:
    """Start a server, wait until it is ready and yield its pid."""
    command = [sys.executable, *COMMANDS[kind], "--port", str(port)]
    if kind != PRODUCT:
        command += ["--workers", str(workers)]
    environment = {**os.environ, "DATABASE_URL": database_url, **variables}
    # Servers write their logs, as in production, but these are discarded.
    devnull = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=devnull, stderr=devnull) as process:
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
                raise SystemExit(f"The server exited during start-up: {process.args}") from None
            time.sleep(0.1)
    raise SystemExit(f"No response from {url}")


def resident_mb(pid: int) -> float:
    """Resident memory in MB of the server's largest process."""
    statuses = [
        Path(f"/proc/{process}/status").read_text() for process in process_and_children(pid)
    ]
    return max(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses) * 1024 / 1e6


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """CPU time in seconds of each process that still runs, by pid."""
    cpu_times = {}
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu_times[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return cpu_times


def process_and_children(pid: int) -> list[int]:
    """The pids of the process and its direct children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def backend_pids(database_url: str) -> list[int]:
    """The pids of PostgreSQL's backends for the database, except for this connection's."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in rows]


def database_exists(url: str) -> bool:
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres") as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return row.fetchone() is not None


def create_database(url: str) -> None:
    _execute_on_server(url, "CREATE DATABASE {}")


def drop_database(url: str) -> None:
    _execute_on_server(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)")


def _execute_on_server(url: str, statement: str) -> None:
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
