"""The metrics in Prometheus' format, made when it asks; docs/operations.md lists them."""

import logging
from collections.abc import Iterator, Mapping

from django.db import DatabaseError
from django.utils import timezone
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from apps.common.supervisor import failing_tasks
from apps.common.telemetry import BUCKETS, telemetry
from apps.common.version import VERSION
from apps.operations.watching import readings
from apps.operations.watching.readings import Sockets, Stored

log = logging.getLogger("kreida.metrics")


def render(sockets: Sockets) -> tuple[bytes, str]:
    """Return the metrics and their content type."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Found(sockets))
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


class _Found(Collector):
    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets

    def collect(self) -> Iterator[Metric]:
        return _all(self._sockets)

    def describe(self) -> list[Metric]:
        return []  # else registering would collect them


def _all(sockets: Sockets) -> Iterator[Metric]:
    yield _gauge("kreida_info", "The release of this process.", {("version", VERSION): 1})
    yield from _counted()
    yield from _of_process(sockets)
    try:
        stored = readings.read_stored(timezone.now())
    except DatabaseError:
        log.exception("the database could not be measured")
        yield _value("kreida_database_up", "Whether the database answers.", 0)
        return
    yield _value("kreida_database_up", "Whether the database answers.", 1)
    yield from _of_installation(stored)


def _counted() -> Iterator[Metric]:
    with telemetry.lock:
        requests, records = dict(telemetry.requests), dict(telemetry.log_records)
        durations = {
            route: (list(each.counts), each.total) for route, each in telemetry.durations.items()
        }
        quality = dict(telemetry.call_quality)
    counter = CounterMetricFamily(
        "kreida_http_requests", "Responses.", labels=("method", "route", "status")
    )
    for (method, route, status), number in requests.items():
        counter.add_metric((method, route, str(status)), number)
    yield counter
    histogram = HistogramMetricFamily(
        "kreida_http_request_seconds",
        "From a request's arrival to its response.",
        labels=("route",),
    )
    for route, (counts, total) in durations.items():
        histogram.add_metric((route,), _cumulate(counts), total)
    yield histogram
    counter = CounterMetricFamily("kreida_log_records", "Log lines.", labels=("level", "logger"))
    for (level, logger), number in records.items():
        counter.add_metric((level, logger), number)
    yield counter
    counter = CounterMetricFamily(
        "kreida_call_quality_reports", "What browsers say of their calls.", labels=("level",)
    )
    for level in ("good", "fair", "poor"):
        counter.add_metric((level,), quality.get(level, 0))
    yield counter


def _cumulate(counts: list[int]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    so_far = 0
    for bound, number in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
        so_far += number
        found.append((bound, so_far))
    return found


def _of_process(sockets: Sockets) -> Iterator[Metric]:
    kinds = {("kind", kind): number for kind, number in sockets.by_kind.items()}
    yield _gauge("kreida_sockets", "Open WebSockets of this process.", kinds)
    yield _value("kreida_rooms", "Rooms loaded by this process.", sockets.rooms)
    yield _value(
        "kreida_socket_queue_bytes", "Bytes that sockets have not taken.", sockets.queued_bytes
    )
    text = "Age of the oldest stroke that is not stored."
    yield _value("kreida_unsaved_seconds", text, sockets.unsaved_seconds)
    tasks = {("task", name): 1.0 for name in failing_tasks()}
    yield _gauge("kreida_task_failing", "Background tasks that do not do their work.", tasks)


def _of_installation(stored: Stored) -> Iterator[Metric]:
    roles = {("role", role): float(number) for role, number in stored.people.items()}
    yield _gauge("kreida_people", "Accounts.", roles)
    yield _value("kreida_open_rooms", "Rooms with people in them.", stored.open_rooms)
    yield _value("kreida_mail_waiting", "Messages to be sent.", stored.mail_waiting)
    text = "Age of the oldest message to be sent."
    yield _value("kreida_mail_oldest_seconds", text, stored.mail_oldest_seconds)
    text = "Messages of the last 24 hours that were not sent."
    yield _value("kreida_mail_not_sent", text, stored.mail_not_sent)
    text = "How late the latest background task is."
    yield _value("kreida_worker_lag_seconds", text, stored.worker_lag_seconds)
    jobs = {("job", name): 1.0 for name in stored.failing_jobs}
    yield _gauge("kreida_job_failing", "Background tasks whose last run failed.", jobs)
    states = {("state", state): float(number) for state, number in stored.connections.items()}
    yield _gauge("kreida_database_connections", "Connections to PostgreSQL.", states)
    text = "Connections that PostgreSQL allows; 0: SQLite."
    yield _value("kreida_database_connections_max", text, stored.max_connections)
    kinds = {("kind", "database"): stored.database_bytes, ("kind", "files"): stored.file_bytes}
    yield _gauge("kreida_disk_used_bytes", "Disk used, by kind.", kinds)
    yield _value("kreida_disk_free_bytes", "Free in DATA_DIR.", readings.free_bytes())
    age = readings.backup_age_seconds(timezone.now())
    if age is not None:
        yield _value("kreida_backup_age_seconds", "Age of the newest backup.", age)


def _value(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _gauge(name: str, text: str, values: Mapping[tuple[str, str], float]) -> Metric:
    """Every value has one label, the same of all."""
    label = next((name for name, _value in values), "name")
    family = GaugeMetricFamily(name, text, labels=(label,))
    for (_label, value_of_label), value in values.items():
        family.add_metric((value_of_label,), value)
    return family
