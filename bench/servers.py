"""Starting, measuring and stopping the server under test."""

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

_UVICORN = ["-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--lifespan", "off"]
COMMANDS = {
    "uvicorn, WSGI in threads": [*_UVICORN, "bench.asgi:threads"],
    "uvicorn, Django's ASGI handler": [*_UVICORN, "bench.asgi:handler"],
    "granian, WSGI": [
        *("-m", "granian", "--interface", "wsgi", "--no-access-log", "--log-level", "warning"),
        *("--blocking-threads", os.environ.get("HTTP_THREADS", "4"), "bench.asgi:wsgi"),
    ],
}
PRODUCT = "uvicorn, WSGI in threads"


@contextmanager
def serving(
    port: int, database_url: str, *, kind: str = PRODUCT, workers: int = 1, **variables: str
) -> Iterator[int]:
    """A running server's pid."""
    command = [sys.executable, *COMMANDS[kind], "--port", str(port), "--workers", str(workers)]
    environment = {**os.environ, "DATABASE_URL": database_url, **variables}
    # Its log lines are written, as in production, but to nowhere.
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/readyz", process)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


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


def resident_mib(pid: int) -> float:
    """Of the largest process of that server."""
    statuses = [Path(f"/proc/{process}/status").read_text() for process in family(pid)]
    return max(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses) / 1024


def cpu_seconds(pids: list[int]) -> float:
    """Used so far by these processes, those that have ended in between left out."""
    ticks = 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


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
