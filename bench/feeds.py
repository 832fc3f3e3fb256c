"""Calendar feeds of 1,000 lessons: served from the cache, and not modified, with SQL controls."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from django.conf import settings

from apps.accounts.models import User
from apps.lessons.feed.address import feed_url
from bench import load
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
    with psycopg.connect(server.database_url) as connection:
        connection.execute(_MOVE)
    cases = _make_cases(server)
    rows = []
    for connections in CONNECTIONS:
        found: dict[str, list[load.RoundResult]] = {case.title: [] for case in cases}
        for number in range(rounds + 1):  # the first warms up
            for case in cases if number % 2 else cases[::-1]:
                result = load.run(
                    server.port,
                    case.stream(),
                    status=case.status,
                    connections=connections,
                    seconds=seconds,
                )
                found[case.title] += [result] if number else []
        for title, results in found.items():
            summary = load.Summary.of(results)
            latencies = f"{summary.p50:.1f}/{summary.p99:.1f} ms"
            rows.append([title, str(connections), f"{summary.rate:.0f}/s", latencies])
    return rows


def _make_cases(server: Server) -> list[FeedCase]:
    paths = [feed_url(User(pk=pk)).removeprefix(settings.PUBLIC_URL) for pk in range(1, TUTORS + 1)]
    raw = [f"/bench/raw/feeds/{pk}/" for pk in range(1, TUTORS + 1)]
    for path in (*paths, *raw):
        body = load.fetch(server.port, _request(path))
        if body.count(b"BEGIN:VEVENT") != LESSONS_PER_TUTOR:
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
