"""What one run does: every server up at once, and rounds in which each has its turn."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

import psycopg

from bench.room import crash, hostile, large, load, servers
from bench.room.data import DRAWN_IN, ROOMS, room
from bench.room.servers import Server
from bench.servers import create_database, drop_database

ONE, POSTGRES, TWO = "Kreida, SQLite", "Kreida, PostgreSQL", "Kreida, two processes"
YWS, HOCUSPOCUS = "y-websocket", "hocuspocus"
EACH_OF_TWO, EACH_OF_TWENTY = 10_000, 1000  # updates a round
RATE, SECONDS = 200, 1.5
SOCKETS = 500
BUSY = range(ROOMS, ROOMS + 50)
CRASHED = range(ROOMS + 150, ROOMS + DRAWN_IN)
ATTACKED = range(ROOMS + 130, ROOMS + 140)
BESIDE_LARGE = range(ROOMS + 140, ROOMS + 150)
KILLS = 3  # a round, of each of two servers

Starter = Callable[[], AbstractContextManager[Server]]


@dataclass
class Result:
    two: list[float] = field(default_factory=list)
    twenty: list[float] = field(default_factory=list)
    ways: list[list[float]] = field(default_factory=list)
    storms: list[float] = field(default_factory=list)
    memory: load.Memory | None = None

    @property
    def p50(self) -> float:
        return median(sorted(ways)[len(ways) // 2] for ways in self.ways)

    @property
    def p99(self) -> float:
        return median(sorted(ways)[len(ways) * 99 // 100] for ways in self.ways)


@dataclass
class Report:
    results: dict[str, Result]
    versions: dict[str, str]
    seconds: float
    crashes: dict[str, crash.Losses]
    beside: dict[str, hostile.Latency]
    large: dict[str, large.Visit]
    busy_neighbours: float  # processes that wanted a processor at the start


def measure(packages: str, folder: str, url: str, rounds: int) -> Report:
    start, neighbours = time.monotonic(), os.getloadavg()[0]
    node, versions = servers.install(Path(packages).resolve())
    with ExitStack() as stack:
        starters = _starters(stack, folder, url, node, Path(packages).resolve())
        results = {name: Result() for name in starters}
        _look_at_memory(starters, results)
        sqlite = f"sqlite:///{folder}/kreida.sqlite3"
        crashes = crash.measure(sqlite, map(room, CRASHED), KILLS * rounds)
        beside = strokes_beside_hostile(sqlite)
        visits = strokes_beside_large(sqlite)
        running = {name: stack.enter_context(starter()) for name, starter in starters.items()}
        crew = {name: [server] for name, server in running.items()}
        redis = stack.enter_context(servers.redis())
        crew[TWO] = [
            stack.enter_context(servers.kreida(_database(starters, folder, url), redis))
            for _ in range(2)
        ]
        results[TWO] = Result()
        _take_turns(crew, results, rounds)
    return Report(results, versions, time.monotonic() - start, crashes, beside, visits, neighbours)


def strokes_beside_hostile(url: str) -> dict[str, hostile.Latency]:
    """With limits, as people run it; each case in a room of its own."""
    found: dict[str, hostile.Latency] = {}
    cases = [hostile.ALONE, *hostile.CASES]
    for case, number in zip(cases, ATTACKED, strict=False):
        with servers.kreida(url, throttling="on") as server:
            found[case] = asyncio.run(hostile.strokes_beside(server, room(number), case))
    return found


def strokes_beside_large(url: str) -> dict[str, large.Visit]:
    """With limits; each board by a fresh server. `url` is what this process's own Django reads."""
    numbers = iter(BESIDE_LARGE)
    rooms = {name: room(next(numbers)) for name in (large.CONTROL, large.LARGE)}
    sizes = large.prepare(rooms)
    found: dict[str, large.Visit] = {}
    for name, where in rooms.items():
        with servers.kreida(url, throttling="on") as server:
            found[name] = asyncio.run(large.visit(server, room(next(numbers)), where, sizes[name]))
    return found


def _database(starters: dict[str, Starter], folder: str, url: str) -> str:
    return url if POSTGRES in starters else f"sqlite:///{folder}/kreida.sqlite3"


def _starters(
    stack: ExitStack, folder: str, url: str, node: str, packages: Path
) -> dict[str, Starter]:
    sqlite = f"sqlite:///{folder}/kreida.sqlite3"
    _fill(sqlite)
    starters: dict[str, Starter] = {ONE: lambda: servers.kreida(sqlite)}
    if _is_there(url):
        drop_database(url)
        create_database(url)
        stack.callback(drop_database, url)
        _fill(url)
        starters[POSTGRES] = lambda: servers.kreida(url)
    starters[YWS] = lambda: servers.y_websocket(node, packages)
    starters[HOCUSPOCUS] = lambda: servers.hocuspocus(node, packages)
    return starters


def _fill(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url}
    subprocess.run([sys.executable, "-m", "bench.room.data"], env=environment, check=True)


def _is_there(url: str) -> bool:
    try:
        psycopg.connect(f"{url.rpartition('/')[0]}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _look_at_memory(starters: dict[str, Starter], results: dict[str, Result]) -> None:
    """Of each server alone and fresh, and the storm, which needs no other server either."""
    idle, busy = [room(n) for n in range(ROOMS)], [room(n) for n in BUSY]
    for name, starter in starters.items():
        with starter() as server:
            results[name].memory = asyncio.run(load.memory(server, idle, busy))


def _take_turns(crew: dict[str, list[Server]], results: dict[str, Result], rounds: int) -> None:
    # Every server draws in rooms of its own: two of them share a database.
    numbers = count(BUSY.stop)
    idle = [room(n) for n in range(SOCKETS // 2)]
    for _ in range(rounds):
        for name, those in crew.items():
            result = results[name]
            fresh = [room(next(numbers)) for _ in range(3)]
            result.twenty.append(asyncio.run(load.fan_out(those, fresh[0], 20, EACH_OF_TWENTY)))
            if name == TWO:
                continue
            result.two.append(asyncio.run(load.fan_out(those, fresh[1], 2, EACH_OF_TWO)))
            ways = load.ways(those[0], fresh[2], peers=20, rate=RATE, seconds=SECONDS)
            result.ways.append(asyncio.run(ways))
            result.storms.append(asyncio.run(load.storm(those[0], idle, SOCKETS)))
