"""Honest requests while twenty people sign in at once, beside the same requests on their own.

Signing in costs half a second of a processor each by design; nobody else may wait for it.
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
from bench.cases import CASES, PREFIXES, requests
from bench.measure import Server

CONCURRENT_SIGN_INS = 20
PATIENCE = 60.0  # seconds that one sign-in may take
PROBE_EVERY = 0.02  # seconds
HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PASSWORD = secrets.token_urlsafe(12)


@dataclass
class Phase:
    """What was seen in one phase: latencies in milliseconds, sign-ins by status."""

    healthz: list[float] = field(default_factory=list)
    range: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)


def measure(server: Server, rounds: int) -> dict[str, Phase]:
    """The control (no sign-ins) and the load, in alternating rounds on one server."""
    email = f"bench-{secrets.token_hex(4)}@example.com"
    profile = {"first_name": "Bench", "last_name": "Mark", "role": "student"}
    _post(server, "signup", {"email": email, "password": PASSWORD, **profile})
    seen = {"alone": Phase(), "with 20 sign-ins": Phase()}
    for _ in range(rounds):
        _probe(server, seen["alone"], threading.Event(), at_least=2.0)
        with _signing_in(server, email, seen["with 20 sign-ins"].answers) as done:
            _probe(server, seen["with 20 sign-ins"], done)
    return seen


@contextmanager
def _signing_in(server: Server, email: str, answers: Counter[int]) -> Iterator[threading.Event]:
    done, left = threading.Event(), threading.Semaphore(0)

    def sign_in() -> None:
        answers[_post(server, "login", {"email": email, "password": PASSWORD})] += 1
        left.release()

    def wait() -> None:
        for _ in range(CONCURRENT_SIGN_INS):
            left.acquire()
        done.set()

    threads = [threading.Thread(target=sign_in) for _ in range(CONCURRENT_SIGN_INS)]
    for thread in [*threads, threading.Thread(target=wait)]:
        thread.start()
    yield done
    for thread in threads:
        thread.join()


def _probe(server: Server, seen: Phase, done: threading.Event, at_least: float = 0.0) -> None:
    """One request of each kind after the other, until `done` (and for `at_least` seconds)."""
    ranges = requests(CASES["range"], server.school, server.access, PREFIXES["product"])
    ends = time.monotonic() + at_least
    while time.monotonic() < ends or not (at_least or done.is_set()):
        seen.healthz.append(_milliseconds(server, HEALTHZ))
        seen.range.append(_milliseconds(server, next(ranges)))
        time.sleep(PROBE_EVERY)


def _milliseconds(server: Server, request: bytes) -> float:
    began = time.perf_counter()
    load.fetch(server.port, request)
    return 1000 * (time.perf_counter() - began)


def _post(server: Server, what: str, body: dict[str, str]) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/_allauth/app/v1/auth/{what}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def rows(seen: dict[str, Phase]) -> list[list[str]]:
    """For bench.report.table: a row for each phase."""
    return [
        [
            name,
            *(f"{median(ms):.0f}/{max(ms):.0f} ms" for ms in (phase.healthz, phase.range)),
            ", ".join(f"{n} × {status}" for status, n in sorted(phase.answers.items())) or "–",
        ]
        for name, phase in seen.items()
    ]
