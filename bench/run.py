"""One run of `make bench`: prepare the databases, start the servers, measure, make the tables."""

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

from bench import balances, booking, feeds, reminders, series, sign_ins, tables  # noqa: E402
from bench.cases import CASES, PREFIXES  # noqa: E402
from bench.data import LARGE, SMALL, School  # noqa: E402
from bench.measure import Measurement, Server, check_controls_match, run_alternating  # noqa: E402
from bench.report import environment_line  # noqa: E402

SECONDS = 0.5
PORT = int(os.environ.get("BENCH_PORT", "8600"))
# With Django's ASGI handler a connection must not outlive its request, so a pool is needed.
_POOL_SETTINGS = {
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": False,
    "OPTIONS": {"server_side_binding": True, "prepare_threshold": 5, "pool": {"max_size": 10}},
}

PACKAGES = ("Django", "djangorestframework", "psycopg", "msgspec", "uvicorn", "uvloop")


def endpoints_report(url: str, rounds: int, only: str | None = None) -> str:
    """`only` is the name of one of CASES."""
    cases = [CASES[only]] if only else list(CASES.values())
    with ExitStack() as stack:
        large = _start_server(stack, PORT, url, LARGE)
        small = _start_server(stack, PORT + 1, _small_database_url(url), SMALL)
        check_controls_match(large)
        measured, scale = {}, {}
        for case in cases:
            for connections in (8, 64):
                measurements = [Measurement(large, case, variant) for variant in PREFIXES]
                run_alternating(measurements, connections, SECONDS, rounds)
                measured[case.title, connections] = measurements
            scale[case.title] = [Measurement(server, case) for server in (large, small)]
            run_alternating(scale[case.title], 8, SECONDS, rounds)
            print(f"Measured: {case.title}", file=sys.stderr)
        sign_in_phases = sign_ins.measure(large, rounds)
        series_rows = series.measure(large, rounds, SECONDS)
        feed_rows = feeds.measure(large, rounds, SECONDS)
    memory = _measure_memory(large)  # only one process may serve a database
    return "\n".join(
        [
            environment_line(f"PostgreSQL {_postgres_version(url)}", packages=PACKAGES),
            tables.rates_table(measured),
            tables.cpu_table(measured, scale),
            tables.sign_ins_table(sign_ins.table_rows(sign_in_phases)),
            tables.series_table(series_rows),
            tables.feeds_table(feed_rows),
            reminders.report(),
            balances.report(),
            booking.report(),
            f"Resident memory of a server that has answered 64 connections: {memory:.0f} MB.\n",
        ]
    )


def _measure_memory(other: Server) -> float:
    """Resident memory in MB of a fresh product server after a round of each endpoint at 64
    connections. In `other`, the controls have used memory, too."""
    port = PORT + 2
    with servers.run_server(port, other.database_url) as pid:
        server = Server(port, pid, other.database_url, other.school, other.access_tokens)
        for case in CASES.values():
            Measurement(server, case).run_round(64, SECONDS)
        return servers.resident_mb(pid)


def servers_report(url: str, rounds: int) -> str:
    """Compare the servers that docs/adr/0001 chose from."""
    pool = {"BENCH_DATABASE": json.dumps(_POOL_SETTINGS)}
    candidates = [(kind, workers) for kind in servers.COMMANDS for workers in (1, 2)]
    candidates.remove((servers.PRODUCT, 2))
    rows, running, access_tokens = [], [], _prepare_database(url, LARGE)
    with ExitStack() as stack:
        for port, (kind, workers) in enumerate(candidates, PORT):
            variables = pool if "ASGI" in kind else {}
            pid = stack.enter_context(servers.run_server(port, url, kind, workers, **variables))
            running.append(Server(port, pid, url, LARGE, access_tokens))
        for case in (CASES["range"], CASES["room"]):
            for connections in (8, 64):
                measurements = [Measurement(server, case) for server in running]
                run_alternating(measurements, connections, SECONDS, rounds)
                rows.append((case.title, connections, measurements))
        memory = [servers.resident_mb(server.pid) for server in running]
    return tables.servers_table(candidates, rows, memory)


def drop_databases(url: str) -> None:
    for name in (url, _small_database_url(url)):
        servers.drop_database(name)


def _small_database_url(url: str) -> str:
    return f"{url}_small"


def _start_server(stack: ExitStack, port: int, url: str, school: School) -> Server:
    access_tokens = _prepare_database(url, school)
    pid = stack.enter_context(servers.run_server(port, url))
    return Server(port, pid, url, school, access_tokens)


def _prepare_database(url: str, school: School) -> dict[int, str]:
    """Prepare the school's database; return its tutors' access tokens by user id."""
    started_at = time.monotonic()
    completed = subprocess.run(
        [sys.executable, "-m", "bench.prepare", str(school.blocks)],
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        check=True,
    )
    print(
        f"{school.lessons:,} lessons ready after {time.monotonic() - started_at:.0f} s",
        file=sys.stderr,
    )
    return {int(pk): token for pk, token in json.loads(completed.stdout).items()}


def _postgres_version(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.info.parameter_status("server_version") or "?"
