"""Calendar feeds of 1,000 lessons: served from the cache, and not modified, with SQL controls."""

import itertools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from django.conf import settings

from apps.accounts.models import User
from apps.lessons.feed.address import feed_url
from bench import load, servers
from bench.data import LESSONS_PER_TUTOR
from bench.measure import Server

TUTORS = 10  # one block; feeds are fetched in turns
CONNECTIONS = (1, 8)
# The lessons of the school are past; feeds begin three months ago.
_MOVE = f"""
UPDATE lessons_lesson SET starts_at = starts_at + interval '1096 days',
    ends_at = ends_at + interval '1096 days'
WHERE tutor_id <= {TUTORS} AND starts_at < '2027-01-01'
"""


@dataclass(frozen=True, slots=True)
class FeedCase:
    title: str
    status: int
    requests: list[bytes]

    def stream(self) -> Iterator[bytes]:
        return itertools.cycle(self.requests)


def measure(server: Server, rounds: int, seconds: float) -> list[list[str]]:
    """A row per case and number of connections, for `tables.feeds_table`."""
    with psycopg.connect(server.database_url, autocommit=True) as connection:
        connection.execute(_MOVE)
        connection.execute("VACUUM ANALYZE lessons_lesson, lessons_participant")
    cases = _make_cases(server)
    rows = []
    for connections in CONNECTIONS:
        found = [_Rounds(server, case) for case in cases]
        for one in found:  # warm up
            one.run(connections, seconds)
        for number in range(rounds):
            for one in found if number % 2 else found[::-1]:
                one.run(connections, seconds)
        rows += [one.row(connections) for one in found]
    return rows


class _Rounds:
    """All rounds of one case; the first one is not counted."""

    def __init__(self, server: Server, case: FeedCase) -> None:
        self.server, self.case = server, case
        self.results: list[load.RoundResult] = []
        self.cpu_ms: list[float] = []

    def run(self, connections: int, seconds: float) -> None:
        pids = servers.process_and_children(self.server.pid)
        pids += servers.backend_pids(self.server.database_url)
        before = servers.cpu_seconds(pids)
        result = load.run(
            self.server.port,
            self.case.stream(),
            status=self.case.status,
            connections=connections,
            seconds=seconds,
        )
        after = servers.cpu_seconds(pids)
        self.results.append(result)
        used = sum(after[pid] - before[pid] for pid in after)
        self.cpu_ms.append(1000 * used / len(result.latencies))

    def row(self, connections: int) -> list[str]:
        summary = load.Summary.of(self.results[1:])
        return [
            self.case.title,
            str(connections),
            f"{summary.rate:.0f}/s",
            f"{summary.p50:.1f}/{summary.p99:.1f} ms",
            f"{statistics.median(self.cpu_ms[1:]):.1f} ms",
        ]


def _make_cases(server: Server) -> list[FeedCase]:
    paths = [feed_url(User(pk=pk)).removeprefix(settings.PUBLIC_URL) for pk in range(1, TUTORS + 1)]
    raw = [f"/bench/raw/feeds/{pk}/" for pk in range(1, TUTORS + 1)]
    for path in (*paths, *raw):
        body = load.fetch(server.port, _request(path))
        # Lessons that an earlier case has scheduled are among them.
        if body.count(b"BEGIN:VEVENT") < LESSONS_PER_TUTOR:
            raise SystemExit(f"{path} has {body.count(b'BEGIN:VEVENT')} events")
    not_modified = [_request(path, f"If-None-Match: {_fetch_etag(server, path)}") for path in paths]
    return [
        FeedCase("feed of 1,000 lessons", 200, [_request(path) for path in paths]),
        FeedCase("(a) SQL", 200, [_request(path) for path in raw]),
        FeedCase("feed, not modified", 304, not_modified),
        FeedCase("(a) SQL, not modified", 304, [_request(f"{path}?unchanged") for path in raw]),
    ]


def _request(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


def _fetch_etag(server: Server, path: str) -> str:
    return load.fetch_header(server.port, _request(path), "etag")
