"""Periodic jobs, run in a thread of the serving processes: no broker, no extra program.

Each process runs a worker. A worker claims a due job in the database, so that only one runs it.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar

from django.db import close_old_connections, connections
from django.utils import timezone

from apps.common.models import ErrorCount, PeriodicJob
from apps.common.telemetry import telemetry

TICK = 5.0  # seconds between checks for due jobs
RETRY_DELAY = timedelta(hours=1)  # a failed job is due again after this, or earlier by its schedule
log = logging.getLogger("kreida.worker")


@dataclass(frozen=True)
class Job:
    """A function `run(now)` and its interval; a daily job may name its time of day `at` (UTC)."""

    name: str
    every: timedelta
    run: Callable[[datetime], object]
    at: time | None = None

    def next_due(self, now: datetime) -> datetime:
        if self.at is None:
            return now + self.every
        today = datetime.combine(now.astimezone(UTC).date(), self.at, UTC)
        return today if today > now else today + self.every

    def latest_due(self, now: datetime) -> datetime:
        """When the job is due at the latest, by the clock of any process."""
        return self.next_due(now) + max(self.every, RETRY_DELAY)


class Worker:
    current: ClassVar["Worker | None"] = None  # this process's worker, once it serves

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.failing: list[str] = []  # jobs whose last run, in any process, failed
        self.stopping = threading.Event()
        self._requested: set[str] = set()
        self._wake = threading.Event()

    async def run(self) -> None:
        """Run until cancelled, under the supervisor. The job that is running then still ends."""
        Worker.current = self
        self.stopping.clear()
        pool = ThreadPoolExecutor(1, thread_name_prefix="worker")
        try:
            await asyncio.get_running_loop().run_in_executor(pool, self._run_until_stopped)
        finally:
            self.stopping.set()
            self._wake.set()
            pool.shutdown(wait=False)

    def run_soon(self, name: str) -> None:
        """Run a job now in this process, even if it is not due. Another process may run it at the
        same time."""
        self._requested.add(name)
        self._wake.set()

    def run_due(self, now: datetime) -> None:
        """Claim and run the jobs that are due or were requested by `run_soon`."""
        self._store_errors(now)
        rows = PeriodicJob.objects.in_bulk()
        self.failing = sorted(
            job.name for job in self.jobs if job.name in rows and rows[job.name].has_failed
        )
        for job in self.jobs:
            if self.stopping.is_set():
                return
            if job.name not in rows:
                rows[job.name] = PeriodicJob(
                    name=job.name, due_at=job.next_due(now) if job.at else now
                )
                PeriodicJob.objects.bulk_create([rows[job.name]], ignore_conflicts=True)
            is_requested = job.name in self._requested
            self._requested.discard(job.name)
            if is_requested or self._claim(job, rows[job.name], now):
                self._run_job(job, now)

    @staticmethod
    def _store_errors(now: datetime) -> None:
        """Every process stores how many errors it has logged since the last time."""
        if found := telemetry.pop_errors():
            ErrorCount.add(found, now)

    @staticmethod
    def _claim(job: Job, row: PeriodicJob, now: datetime) -> bool:
        latest = job.latest_due(now)
        if now < row.due_at <= latest:
            return False
        return PeriodicJob.claim(job.name, now, job.next_due(now), latest)

    def _run_until_stopped(self) -> None:
        try:
            while not self.stopping.is_set():
                self._wake.clear()
                close_old_connections()
                self.run_due(timezone.now())
                self._wake.wait(TICK)
        finally:
            connections.close_all()

    def _run_job(self, job: Job, now: datetime) -> None:
        row = PeriodicJob.objects.filter(name=job.name)
        try:
            job.run(now)
        except Exception:  # a failed job must not stop the others
            log.exception("a periodic job failed", extra={"data": {"job": job.name}})
            retry_at = min(now + RETRY_DELAY, job.next_due(now))
            row.update(due_at=retry_at, has_failed=True)
        else:
            row.filter(has_failed=True).update(has_failed=False)


def run_soon(name: str) -> None:
    """Call `Worker.run_soon`; without a worker, as in a management command, do nothing."""
    if Worker.current is not None:
        Worker.current.run_soon(name)


def is_stopping() -> bool:
    """Return True if the process is stopping, so that a long job should end early."""
    return Worker.current is not None and Worker.current.stopping.is_set()


def failing_jobs() -> list[str]:
    """Return the names of jobs whose last run, in any process, failed."""
    return Worker.current.failing if Worker.current is not None else []
