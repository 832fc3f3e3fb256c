"""Starting, measuring and stopping the server under test."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    sizes = []
    for process in (pid, *children):
        status = Path(f"/proc/{process}/status").read_text()
        sizes.append(int(status.partition("VmRSS:")[2].split()[0]))
    return max(sizes) / 1024
