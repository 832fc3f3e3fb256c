"""Rounds, in turns: each ratio is of two rounds that ran side by side on the same busy machine."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bench import load, servers
from bench.cases import CASES, PREFIXES, Case, requests
from bench.data import School


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, the school behind it, and its tutors' access tokens."""

    port: int
    pid: int
    database_url: str
    school: School
    access: dict[int, str]


class Track:
    """All rounds of one case against one way of answering it."""

    def __init__(self, server: Server, case: Case, way: str = "product") -> None:
        self.server, self.case = server, case
        self.stream = requests(case, server.school, server.access, PREFIXES[way])
        self.rounds: list[load.Round] = []
        self.cpu = 0.0

    def run(self, connections: int, seconds: float) -> None:
        pids = servers.family(self.server.pid) + servers.backends(self.server.database_url)
        before = servers.cpu_seconds(pids)
        seen = self.once(connections, seconds)
        after = servers.cpu_seconds(pids)
        self.cpu += sum(after[pid] - before[pid] for pid in after)
        self.rounds.append(seen)

    def once(self, connections: int, seconds: float) -> load.Round:
        return load.run(
            self.server.port,
            self.stream,
            status=self.case.status,
            connections=connections,
            seconds=seconds,
        )

    @property
    def summary(self) -> load.Summary:
        return load.Summary.of(self.rounds)

    @property
    def cpu_ms(self) -> float:
        """Of the server and its PostgreSQL backends, per request."""
        return 1000 * self.cpu / sum(len(seen.latencies) for seen in self.rounds)


def in_turns(tracks: list[Track], connections: int, seconds: float, rounds: int) -> None:
    for track in tracks:  # threads, connections and prepared statements come to life
        track.once(connections, seconds / 2)
    for number in range(rounds):
        for track in tracks if number % 2 else tracks[::-1]:
            track.run(connections, seconds)


def rate_ratio(one: Track, other: Track) -> float:
    pairs = zip(one.rounds, other.rounds, strict=True)
    return statistics.median(a.rate / b.rate for a, b in pairs)


def check_same_answers(server: Server) -> None:
    """That both controls answer what the product answers; else their speed says nothing."""
    for case in CASES.values():
        if case.method != "GET":
            continue
        answers = [
            [json.loads(answer) for answer in _answers(server, case, prefix)]
            for prefix in PREFIXES.values()
        ]
        if any(other != answers[0] for other in answers[1:]):
            raise SystemExit(f"The controls answer otherwise than the product: {case.title}")


def _answers(server: Server, case: Case, prefix: str) -> Iterator[bytes]:
    for request in islice(requests(case, server.school, server.access, prefix), 5):
        yield load.fetch(server.port, request)
