"""Counters of a process, and the stored error counts of a day."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from apps.common.models import ErrorCount
from apps.common.telemetry import BUCKETS, CountingHandler, Durations, telemetry
from apps.common.worker import Worker

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)


def log_error(name: str, level: int = logging.ERROR) -> None:
    CountingHandler().handle(logging.LogRecord(name, level, "", 0, "", None, None))


def test_duration_is_counted_in_the_bucket_whose_bound_it_does_not_pass():
    durations = Durations()
    for seconds in (0.001, 0.01, 0.011, 100.0):
        durations.add(seconds)
    assert durations.counts == [2, 1, *[0] * (len(BUCKETS) - 2), 1]
    assert durations.total == pytest.approx(100.022)


def test_unknown_method_makes_no_series_of_its_own():
    telemetry.count_request("BREW", None, 405, 0.1)
    assert telemetry.requests["other", "none", 405] >= 1
    assert not any(method == "BREW" for method, _route, _status in telemetry.requests)


def test_every_process_stores_the_errors_that_it_has_logged(db):
    telemetry.pop_errors()
    worker = Worker([])
    log_error("kreida.mail"), log_error("kreida.mail.smtp"), log_error("x", logging.WARNING)
    worker.run_due(NOW)
    worker.run_due(NOW)
    log_error("kreida.room", logging.CRITICAL)
    worker.run_due(NOW)
    assert dict(ErrorCount.objects.values_list("logger", "count")) == {
        "kreida.mail": 2,
        "kreida.room": 1,
    }


def test_errors_of_the_last_day_are_summed_and_old_ones_deleted(db):
    for hours, number in ((0, 1), (23, 2), (25, 4), (24 * 8, 8)):
        ErrorCount.add({"kreida.mail": number}, NOW - timedelta(hours=hours))
    assert ErrorCount.in_last_day(NOW) == 3
    ErrorCount.delete_old(NOW)
    assert ErrorCount.objects.count() == 3
