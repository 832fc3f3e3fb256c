"""Counters of this process since its start, for `/metrics`; none holds personal data."""

import bisect
import logging
import threading
from collections import Counter
from dataclasses import dataclass, field

# Upper bounds in seconds; the last one is what a response takes at most (apps/common/threads.py).
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 45.0)
NO_ROUTE = "none"  # a static file, or a path that leads nowhere


@dataclass
class Durations:
    """How many durations are within each of BUCKETS or beyond them, and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect.bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class Telemetry:
    """Counted in threads of requests; a lock costs less than a lost count is worth."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requests: Counter[tuple[str, str, int]] = Counter()  # method, route, status
        self.durations: dict[str, Durations] = {}  # by route
        self.log_records: Counter[tuple[str, str]] = Counter()  # level, logger
        self._unstored_errors: Counter[str] = Counter()  # by logger
        self.call_quality: Counter[str] = Counter()  # reports of browsers, by level

    def count_request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        route = route or NO_ROUTE
        method = method if method in _METHODS else "other"
        with self.lock:
            self.requests[method, route, status] += 1
            self.durations.setdefault(route, Durations()).add(seconds)

    def count_log_record(self, level: str, logger: str) -> None:
        with self.lock:
            self.log_records[level, logger] += 1
            if level in ("error", "critical"):
                self._unstored_errors[logger] += 1

    def pop_errors(self) -> Counter[str]:
        """Return the errors logged since the last call, by logger."""
        with self.lock:
            found, self._unstored_errors = self._unstored_errors, Counter()
        return found

    def count_call_quality(self, level: str) -> None:
        with self.lock:
            self.call_quality[level] += 1


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
telemetry = Telemetry()


class CountingHandler(logging.Handler):
    """Counts what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        logger = ".".join(record.name.split(".")[:2])  # few, whatever packages call theirs
        telemetry.count_log_record(record.levelname.lower(), logger)
