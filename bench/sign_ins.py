"""Latency of ordinary requests during twenty concurrent sign-ins, and without them.

A sign-in takes half a second of CPU time by design; other requests must not wait for it.
"""

import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from bench import load
from bench.cases import CASES, PREFIXES, encode_requests
from bench.measure import Server

CONCURRENT_SIGN_INS = 20
TIMEOUT = 60.0  # seconds for one sign-in
PROBE_INTERVAL = 0.02  # seconds
HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PASSWORD = secrets.token_urlsafe(12)


@dataclass
class Phase:
    """Results of one phase: latencies in milliseconds, and numbers of sign-ins by HTTP status."""

    healthz: list[float] = field(default_factory=list)
    range: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def measure(server: Server, rounds: int) -> dict[str, Phase]:
    """Measure without sign-ins (the control) and with them, in alternating rounds on one server."""
    email = f"bench-{secrets.token_hex(4)}@example.com"
    profile = {"first_name": "Bench", "last_name": "Mark", "role": "student"}
    _post(server, "signup", {"email": email, "password": PASSWORD, **profile})
    phases = {"alone": Phase(), "with 20 sign-ins": Phase()}
    for _ in range(rounds):
        _probe(server, phases["alone"], threading.Event(), at_least=2.0)
        with _concurrent_sign_ins(server, email, phases["with 20 sign-ins"].statuses) as done:
            _probe(server, phases["with 20 sign-ins"], done)
    return phases


@contextmanager
def _concurrent_sign_ins(
    server: Server, email: str, statuses: Counter[int]
) -> Iterator[threading.Event]:
    done, finished = threading.Event(), threading.Semaphore(0)

    def sign_in() -> None:
        statuses[_post(server, "login", {"email": email, "password": PASSWORD})] += 1
        finished.release()

    def wait() -> None:
        for _ in range(CONCURRENT_SIGN_INS):
            finished.acquire()
        done.set()

    threads = [threading.Thread(target=sign_in) for _ in range(CONCURRENT_SIGN_INS)]
    for thread in [*threads, threading.Thread(target=wait)]:
        thread.start()
    yield done
    for thread in threads:
        thread.join()


def _probe(server: Server, phase: Phase, done: threading.Event, at_least: float = 0.0) -> None:
    """Send the two kinds of request in turns until `done`, or for `at_least` seconds if given."""
    ranges = encode_requests(
        CASES["range"], server.school, server.access_tokens, PREFIXES["product"]
    )
    deadline = time.monotonic() + at_least
    while time.monotonic() < deadline or not (at_least or done.is_set()):
        phase.healthz.append(_time_request(server, HEALTHZ))
        phase.range.append(_time_request(server, next(ranges)))
        time.sleep(PROBE_INTERVAL)


def _time_request(server: Server, request: bytes) -> float:
    """The latency in milliseconds."""
    started_at = time.perf_counter()
    load.fetch(server.port, request)
    return 1000 * (time.perf_counter() - started_at)


def _post(server: Server, endpoint: str, body: dict[str, str]) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/_allauth/app/v1/auth/{endpoint}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def table_rows(phases: dict[str, Phase]) -> list[list[str]]:
    """One row per phase, for `tables.sign_ins_table`."""
    return [
        [
            name,
            *(f"{median(ms):.0f}/{max(ms):.0f} ms" for ms in (phase.healthz, phase.range)),
            ", ".join(f"{n} × {status}" for status, n in sorted(phase.statuses.items())) or "–",
        ]
        for name, phase in phases.items()
    ]
