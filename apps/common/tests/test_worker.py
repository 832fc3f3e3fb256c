import asyncio
import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection

from apps.common.models import PeriodicJob
from apps.common.worker import RETRY_DELAY, Job, Worker

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_job(runs, name="count", **fields):
    return Job(name, fields.pop("every", HOUR), runs.append, **fields)


@pytest.mark.django_db
def test_due_job_is_called_with_the_current_time():
    runs = []
    worker = Worker([make_job(runs)])
    for minutes in (0, 1, 59, 60, 61, 119, 120):
        worker.run_due(NOW + timedelta(minutes=minutes))
    assert runs == [NOW, NOW + HOUR, NOW + 2 * HOUR]


@pytest.mark.django_db
def test_nightly_job_runs_on_time_and_after_a_missed_night():
    runs = []
    worker = Worker([make_job(runs, every=timedelta(days=1), at=time(2))])
    worker.run_due(NOW)
    assert runs == []
    worker.run_due(NOW.replace(day=3, hour=2))
    worker.run_due(NOW.replace(day=3, hour=3))
    worker.run_due(NOW.replace(day=6, hour=17))
    assert [now.day for now in runs] == [3, 6]
    assert PeriodicJob.objects.get().due_at == NOW.replace(day=7, hour=2)


@pytest.mark.django_db
def test_failed_job_is_logged_reported_and_retried_while_others_run(caplog):
    runs = []
    attempts = iter([1, 0])
    day = timedelta(days=1)
    worker = Worker([Job("broken", day, lambda now: 1 / next(attempts)), make_job(runs)])
    worker.run_due(NOW)
    worker.run_due(NOW + day)
    worker.run_due(NOW + day)
    assert worker.failing == ["broken"]
    assert caplog.records[0].data == {"job": "broken"}
    assert len(runs) == 2
    assert PeriodicJob.objects.get(name="broken").due_at == NOW + day + RETRY_DELAY


@pytest.mark.django_db
def test_job_that_succeeds_again_is_no_longer_failing():
    outcomes = iter([0, 1])
    worker = Worker([Job("flaky", HOUR, lambda now: 1 / next(outcomes))])
    for hours in range(3):
        if hours == 2:
            assert worker.failing == ["flaky"]
            outcomes = iter([1])
        worker.run_due(NOW + hours * HOUR)
    worker.run_due(NOW + 2.5 * HOUR)
    assert worker.failing == []


@pytest.mark.django_db(transaction=True)
def test_job_due_in_several_processes_runs_once():
    runs, at_once = [], threading.Barrier(4)

    def tick():
        at_once.wait()
        Worker([make_job(runs)]).run_due(NOW)
        connection.close()

    for _ in range(5):
        threads = [threading.Thread(target=tick) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert runs == [NOW]


@pytest.mark.django_db(transaction=True)
def test_requested_job_runs_before_the_next_tick_in_the_worker_thread():
    threads, ran = [], threading.Event()

    def run(now):
        threads.append(threading.current_thread().name)
        ran.set()

    async def main():
        worker = Worker([Job("mail", 24 * HOUR, run)])
        task = asyncio.create_task(worker.run())
        await asyncio.to_thread(ran.wait, 10)
        ran.clear()
        worker.run_soon("mail")
        assert await asyncio.to_thread(ran.wait, 4)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert worker.stopping.is_set()

    asyncio.run(main())
    assert [name.partition("_")[0] for name in threads] == ["worker", "worker"]
