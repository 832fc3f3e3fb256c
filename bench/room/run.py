"""One run of `make bench-room`: start all servers and measure them in alternating rounds."""

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

from bench.room import crash, hostile, large, load, phone, servers
from bench.room.data import EXTRA_ROOMS, ROOMS, room_uuid
from bench.room.servers import Server
from bench.servers import create_database, drop_database

ONE, POSTGRES, TWO = "Kreida, SQLite", "Kreida, PostgreSQL", "Kreida, two processes"
YWS, HOCUSPOCUS = "y-websocket", "hocuspocus"
UPDATES_OF_TWO, UPDATES_OF_TWENTY = 10_000, 1000  # by each peer in a round
RATE, SECONDS = 200, 3
SOCKETS = 500
BUSY = range(ROOMS, ROOMS + 50)
CRASHED = range(ROOMS + 150, ROOMS + EXTRA_ROOMS)
ATTACKED = range(ROOMS + 130, ROOMS + 140)
LARGE_BOARDS = range(ROOMS + 140, ROOMS + 145)
PHONE_BOARDS = range(ROOMS + 145, ROOMS + 150)
KILLS = 3  # of each of two servers in a round

Starter = Callable[[], AbstractContextManager[Server]]


@dataclass
class Result:
    two: list[float] = field(default_factory=list)
    twenty: list[float] = field(default_factory=list)
    latencies: list[list[float]] = field(default_factory=list)
    reconnect_seconds: list[float] = field(default_factory=list)
    memory: load.Memory | None = None

    @property
    def p50(self) -> float:
        return median(sorted(latencies)[len(latencies) // 2] for latencies in self.latencies)

    @property
    def p99(self) -> float:
        return median(sorted(latencies)[len(latencies) * 99 // 100] for latencies in self.latencies)


@dataclass
class Report:
    results: dict[str, Result]
    versions: dict[str, str]
    seconds: float
    crashes: dict[str, crash.Losses]
    attacks: dict[str, hostile.Latency]
    large: dict[str, large.VisitResult]
    load_before: float  # load average at the start


def measure(packages: str, folder: str, url: str, rounds: int) -> Report:
    start, load_before = time.monotonic(), os.getloadavg()[0]
    node, versions = servers.install(Path(packages).resolve())
    with ExitStack() as stack:
        starters = _make_starters(stack, folder, url, node, Path(packages).resolve())
        results = {name: Result() for name in starters}
        _measure_memory(starters, results)
        sqlite = f"sqlite:///{folder}/kreida.sqlite3"
        crashes = crash.measure(sqlite, map(room_uuid, CRASHED), KILLS * rounds)
        attacks = measure_hostile(sqlite)
        visits = measure_large_boards(sqlite)
        shared = _make_shared_database(stack, starters, folder, url)
        running = {name: stack.enter_context(starter()) for name, starter in starters.items()}
        servers_by_name = {name: [server] for name, server in running.items()}
        redis = stack.enter_context(servers.redis())
        servers_by_name[TWO] = [
            stack.enter_context(servers.kreida(shared, redis)) for _ in range(2)
        ]
        results[TWO] = Result()
        _run_rounds(servers_by_name, results, rounds)
    return Report(
        results, versions, time.monotonic() - start, crashes, attacks, visits, load_before
    )


def measure_hostile(url: str) -> dict[str, hostile.Latency]:
    """Measure each attack in a room of its own, with throttling as in production."""
    results: dict[str, hostile.Latency] = {}
    cases = [hostile.NO_ATTACK, *hostile.CASES]
    for case, number in zip(cases, ATTACKED, strict=False):
        with servers.kreida(url, throttling="on") as server:
            results[case] = asyncio.run(
                hostile.measure_with_attack(server, room_uuid(number), case)
            )
    return results


def measure_large_boards(url: str) -> dict[str, large.VisitResult]:
    """Measure each board on a fresh server with throttling.

    `url` must be this process's own database.
    """
    numbers = iter(LARGE_BOARDS)
    rooms = {name: room_uuid(next(numbers)) for name in (large.CONTROL, large.LARGE)}
    sizes = large.prepare(rooms)
    results: dict[str, large.VisitResult] = {}
    for name, board_room in rooms.items():
        with servers.kreida(url, throttling="on") as server:
            results[name] = asyncio.run(
                large.measure_visit(server, room_uuid(next(numbers)), board_room, sizes[name])
            )
    return results


def measure_phone(folder: str) -> dict[str, phone.Delay]:
    """Measure how soon a stroke is seen; the database in `folder` must be this process's own."""
    url = f"sqlite:///{folder}/kreida.sqlite3"
    _create_rooms(url)
    rooms = dict(zip(phone.BOARDS, map(room_uuid, PHONE_BOARDS), strict=False))
    phone.prepare(rooms)
    with servers.kreida(url) as server:
        return phone.measure(server, rooms, phone.student_cookies())


def _make_shared_database(
    stack: ExitStack, starters: dict[str, Starter], folder: str, url: str
) -> str:
    """A database of the two processes' own: a process without Redis shares its with no other."""
    shared = f"sqlite:///{folder}/two.sqlite3"
    if POSTGRES in starters:
        shared = f"{url}_two"
        _recreate_database(stack, shared)
    _create_rooms(shared)
    return shared


def _recreate_database(stack: ExitStack, url: str) -> None:
    drop_database(url)
    create_database(url)
    stack.callback(drop_database, url)


def _make_starters(
    stack: ExitStack, folder: str, url: str, node: str, packages: Path
) -> dict[str, Starter]:
    sqlite = f"sqlite:///{folder}/kreida.sqlite3"
    _create_rooms(sqlite)
    starters: dict[str, Starter] = {ONE: lambda: servers.kreida(sqlite)}
    if _is_reachable(url):
        _recreate_database(stack, url)
        _create_rooms(url)
        starters[POSTGRES] = lambda: servers.kreida(url)
    starters[YWS] = lambda: servers.y_websocket(node, packages)
    starters[HOCUSPOCUS] = lambda: servers.hocuspocus(node, packages)
    return starters


def _create_rooms(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url}
    subprocess.run([sys.executable, "-m", "bench.room.data"], env=environment, check=True)


def _is_reachable(url: str) -> bool:
    try:
        psycopg.connect(f"{url.rpartition('/')[0]}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _measure_memory(starters: dict[str, Starter], results: dict[str, Result]) -> None:
    """Measure the memory of each server in a fresh process, with no other server running."""
    idle, busy = [room_uuid(n) for n in range(ROOMS)], [room_uuid(n) for n in BUSY]
    for name, starter in starters.items():
        with starter() as server:
            results[name].memory = asyncio.run(load.measure_memory(server, idle, busy))


def _run_rounds(
    servers_by_name: dict[str, list[Server]], results: dict[str, Result], rounds: int
) -> None:
    # Servers never share a room, since two of them share a database.
    numbers = count(BUSY.stop)
    idle = [room_uuid(n) for n in range(SOCKETS // 2)]
    for _ in range(rounds):
        for name, group in servers_by_name.items():
            result = results[name]
            fresh = [room_uuid(next(numbers)) for _ in range(3)]
            result.twenty.append(asyncio.run(load.fan_out(group, fresh[0], 20, UPDATES_OF_TWENTY)))
            if name == TWO:
                continue
            result.two.append(asyncio.run(load.fan_out(group, fresh[1], 2, UPDATES_OF_TWO)))
            # Until the boards before are compacted: what those cost others is measured by `large`.
            time.sleep(load.SETTLE)
            latencies = load.measure_latencies(
                group[0], fresh[2], peers=20, rate=RATE, seconds=SECONDS
            )
            result.latencies.append(asyncio.run(latencies))
            result.reconnect_seconds.append(
                asyncio.run(load.measure_reconnects(group[0], idle, SOCKETS))
            )
