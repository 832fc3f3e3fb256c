"""What one run does, from empty databases to the tables."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack

import django
import psycopg

from bench import servers

django.setup()

from bench import report as pages  # noqa: E402
from bench import sign_ins  # noqa: E402
from bench.cases import CASES, PREFIXES  # noqa: E402
from bench.data import LARGE, SMALL, School  # noqa: E402
from bench.measure import Server, Track, check_same_answers, in_turns  # noqa: E402

SECONDS = 0.5
PORT = int(os.environ.get("BENCH_PORT", "8600"))
# Under ASGI a connection may not outlive its request, which leaves only a pool.
_POOL = {
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": False,
    "OPTIONS": {"server_side_binding": True, "prepare_threshold": 5, "pool": {"max_size": 10}},
}

write = pages.write


def report(url: str, rounds: int) -> str:
    with ExitStack() as stack:
        large = _start(stack, PORT, url, LARGE)
        small = _start(stack, PORT + 1, _small(url), SMALL)
        check_same_answers(large)
        measured, scale = {}, {}
        for case in CASES.values():
            for connections in (8, 64):
                tracks = [Track(large, case, way) for way in PREFIXES]
                in_turns(tracks, connections, SECONDS, rounds)
                measured[case.title, connections] = tracks
            scale[case.title] = [Track(server, case) for server in (large, small)]
            in_turns(scale[case.title], 8, SECONDS, rounds)
            print(f"Measured: {case.title}", file=sys.stderr)
        hostile = sign_ins.measure(large, rounds)
        memory = _memory(large)
    return "\n".join(
        [
            pages.setting(_postgres(url), os.cpu_count() or 0),
            pages.rates(measured),
            pages.costs(measured, scale),
            pages.hostile(sign_ins.rows(hostile)),
            f"Resident memory of a server that has answered 64 connections: {memory:.0f} MB.\n",
        ]
    )


def _memory(beside: Server) -> float:
    """Of the product after each endpoint's turn at 64 connections, in a process of its own: the
    controls leave behind what the product does not need."""
    port = PORT + 2
    with servers.serving(port, beside.database_url) as pid:
        server = Server(port, pid, beside.database_url, beside.school, beside.access)
        for case in CASES.values():
            Track(server, case).once(64, SECONDS)
        return servers.resident_mb(pid)


def servers_report(url: str, rounds: int) -> str:
    """The ways to serve that docs/adr/0001 chose from."""
    pool = {"BENCH_DATABASE": json.dumps(_POOL)}
    candidates = [(kind, workers) for kind in servers.COMMANDS for workers in (1, 2)]
    candidates.remove((servers.PRODUCT, 2))
    rows, running, access = [], [], _prepare(url, LARGE)
    with ExitStack() as stack:
        for port, (kind, workers) in enumerate(candidates, PORT):
            variables = pool if "ASGI" in kind else {}
            serving = servers.serving(port, url, kind, workers, **variables)
            running.append(Server(port, stack.enter_context(serving), url, LARGE, access))
        for case in (CASES["range"], CASES["room"]):
            for connections in (8, 64):
                tracks = [Track(server, case) for server in running]
                in_turns(tracks, connections, SECONDS, rounds)
                rows.append((case.title, connections, tracks))
        memory = [servers.resident_mb(server.pid) for server in running]
    return pages.ways_to_serve(candidates, rows, memory)


def drop(url: str) -> None:
    for name in (url, _small(url)):
        servers.drop_database(name)


def _small(url: str) -> str:
    return f"{url}_small"


def _start(stack: ExitStack, port: int, url: str, school: School) -> Server:
    access = _prepare(url, school)
    pid = stack.enter_context(servers.serving(port, url))
    return Server(port, pid, url, school, access)


def _prepare(url: str, school: School) -> dict[int, str]:
    """Access tokens of the school's tutors, once its database stands."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "bench.prepare", str(school.blocks)],
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        check=True,
    )
    print(
        f"{school.lessons:,} lessons stand after {time.monotonic() - began:.0f} s", file=sys.stderr
    )
    return {int(pk): token for pk, token in json.loads(done.stdout).items()}


def _postgres(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.info.parameter_status("server_version") or "?"
