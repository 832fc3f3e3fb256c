"""A year's weekly series, checked and made in one transaction, with a SQL control."""

import itertools
import json
import statistics
from collections.abc import Iterator
from datetime import datetime, timedelta

from bench import load, servers
from bench.measure import Server

WEEKS = 52
# Each request takes another hour of the week, first of all tutors, so that no lessons overlap. The
# control's are two years later.
FIRST = {
    "/api/": datetime.fromisoformat("2028-01-03T00:00"),
    "/bench/raw/": datetime.fromisoformat("2030-01-07T00:00"),
}
TITLES = {"/api/": "a year's weekly series", "/bench/raw/": "(a) SQL"}


def measure(server: Server, rounds: int, seconds: float) -> list[list[str]]:
    """A row per variant, for `tables.series_table`; one request at a time."""
    streams = {prefix: _requests(server, prefix) for prefix in FIRST}
    results: dict[str, list[load.RoundResult]] = {prefix: [] for prefix in FIRST}
    cpu_ms: dict[str, list[float]] = {prefix: [] for prefix in FIRST}
    for number in range(rounds + 1):
        for prefix in FIRST if number % 2 else reversed(FIRST):
            pids = servers.process_and_children(server.pid)
            pids += servers.backend_pids(server.database_url)
            before = servers.cpu_seconds(pids)
            result = load.run(
                server.port, streams[prefix], status=201, connections=1, seconds=seconds
            )
            used = sum(servers.cpu_seconds(pids)[pid] - before[pid] for pid in before)
            results[prefix].append(result)
            cpu_ms[prefix].append(1000 * used / len(result.latencies))
    return [
        [
            TITLES[prefix],
            f"{summary.rate:.0f}/s",
            f"{summary.p50:.1f}/{summary.p99:.1f} ms",
            f"{statistics.median(cpu_ms[prefix][1:]):.1f} ms",
        ]
        for prefix in FIRST
        for summary in [load.Summary.of(results[prefix][1:])]  # the first is the warm-up
    ]


def _requests(server: Server, prefix: str) -> Iterator[bytes]:
    school = server.school
    for number in itertools.count():
        hour, tutor = divmod(number, school.tutors)
        body = {
            "student_id": school.student_id(tutor, hour),
            "title": "Квадратні рівняння",
            "starts_at": (FIRST[prefix] + timedelta(hours=hour)).isoformat(timespec="minutes"),
            "duration_minutes": 60,
            "rrule": f"FREQ=WEEKLY;COUNT={WEEKS}",
            "timezone": "UTC",
        }
        content = json.dumps(body).encode()
        head = [
            f"POST {prefix}lesson-series/ HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {server.access_tokens[tutor + 1]}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        ]
        yield "\r\n".join([*head, "", ""]).encode() + content
