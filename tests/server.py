"""A whole Kreida as `make run` starts it, for tests that need the real server."""

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "kreida.sqlite3"


@dataclass
class Kreida:
    """A running server: its address, its process, and the lines it has written so far."""

    url: str
    process: subprocess.Popen
    data_dir: Path
    lines: list[str] = field(default_factory=list)

    def wait_for(self, pattern: str, seconds: float = 60) -> str:
        """Wait for a log line that matches and return it."""
        deadline = threading.Event()
        timer = threading.Timer(seconds, deadline.set)
        timer.start()
        try:
            while not deadline.is_set():
                for line in list(self.lines):
                    if re.search(pattern, line):
                        return line
                if self.process.poll() is not None:
                    break
                deadline.wait(0.05)
        finally:
            timer.cancel()
        raise AssertionError(f"{pattern!r} was never written:\n" + "\n".join(self.lines))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisServer:
    """A separate Redis server, which tests may stop, restart and fill."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        where = ["--bind", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(
            ["redis-server", *where, "--save", "", "--loglevel", "warning"],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not self._answers():
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def make_seed(folder: Path) -> None:
    """Start a server in an empty folder once; leave in `folder` what its first start made: the
    database with the demo data, the static files and the lines that it printed."""
    first = folder / "first"
    first.mkdir(parents=True)
    server = start_kreida(first)
    assert stop_kreida(server) == 0
    with (
        contextlib.closing(sqlite3.connect(first / DATABASE)) as made,
        contextlib.closing(sqlite3.connect(folder / DATABASE)) as copy,
    ):
        made.backup(copy)
    (first / "static").rename(folder / "static")
    (folder / "first_start.log").write_text("\n".join(server.lines))


def start_kreida(
    data_dir: Path, seed: Path | None = None, *, bare: bool = False, **env: str
) -> Kreida:
    """Start a server and wait until it is ready. With `seed`, the folder of `make_seed`, it takes a
    sixth of the time; `bare` skips migrations and other preparation of the database."""
    if seed is not None:
        shutil.copytree(seed / "static", data_dir / "static", copy_function=os.link)
        shutil.copy(seed / DATABASE, data_dir)
    port = free_port()
    clean = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", *(["--bare"] if bare else [])],
        cwd=ROOT,
        env={**clean, "PORT": str(port), "DATA_DIR": str(data_dir), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Kreida(f"http://127.0.0.1:{port}", process, data_dir)
    assert process.stdout is not None
    out = process.stdout
    threading.Thread(
        target=lambda: server.lines.extend(line.rstrip() for line in out), daemon=True
    ).start()
    try:
        server.wait_for("Kreida is ready at", 180)
    except BaseException:
        process.kill()
        process.wait(30)
        raise
    return server


def stop_kreida(server: Kreida) -> int:
    server.process.send_signal(signal.SIGINT)
    return server.process.wait(30)
