"""Alternating rounds: each ratio compares rounds that ran close together on the same machine."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bench import load, servers
from bench.cases import CASES, PREFIXES, Case, encode_requests
from bench.data import School


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, its school, and the access tokens of its tutors by user id."""

    port: int
    pid: int
    database_url: str
    school: School
    access_tokens: dict[int, str]


class Measurement:
    """All rounds of one case against one variant (the product or a control)."""

    def __init__(self, server: Server, case: Case, variant: str = "product") -> None:
        self.server, self.case = server, case
        self.stream = encode_requests(case, server.school, server.access_tokens, PREFIXES[variant])
        self.rounds: list[load.RoundResult] = []
        self.cpu_seconds = 0.0

    def run(self, connections: int, seconds: float) -> None:
        pids = servers.process_and_children(self.server.pid) + servers.backend_pids(
            self.server.database_url
        )
        before = servers.cpu_seconds(pids)
        result = self.run_round(connections, seconds)
        after = servers.cpu_seconds(pids)
        self.cpu_seconds += sum(after[pid] - before[pid] for pid in after)
        self.rounds.append(result)

    def run_round(self, connections: int, seconds: float) -> load.RoundResult:
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
        """CPU time per request of the server and its PostgreSQL backends."""
        return 1000 * self.cpu_seconds / sum(len(result.latencies) for result in self.rounds)


def run_alternating(
    measurements: list[Measurement], connections: int, seconds: float, rounds: int
) -> None:
    for measurement in measurements:  # warm up threads, connections and statements
        measurement.run_round(connections, seconds / 2)
    for number in range(rounds):
        for measurement in measurements if number % 2 else measurements[::-1]:
            measurement.run(connections, seconds)


def rate_ratio(first: Measurement, second: Measurement) -> float:
    pairs = zip(first.rounds, second.rounds, strict=True)
    return statistics.median(a.rate / b.rate for a, b in pairs)


def check_controls_match(server: Server) -> None:
    """Exit unless both controls return the same JSON as the product."""
    for case in CASES.values():
        if case.method != "GET":
            continue
        responses = [
            [json.loads(response) for response in _fetch_responses(server, case, prefix)]
            for prefix in PREFIXES.values()
        ]
        if any(others != responses[0] for others in responses[1:]):
            raise SystemExit(f"The controls and the product respond differently: {case.title}")


def _fetch_responses(server: Server, case: Case, prefix: str) -> Iterator[bytes]:
    for request in islice(encode_requests(case, server.school, server.access_tokens, prefix), 5):
        yield load.fetch(server.port, request)
