"""Periodic jobs of the serving processes, in a thread of their own: no broker, no other program.

Each process runs a worker; a job that is due is claimed in the database, so one of them runs it.
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

from apps.common.models import PeriodicJob

TICK = 5.0  # seconds between two looks at what is due
RETRY = timedelta(hours=1)  # after which a job that failed is due again, if not sooner
log = logging.getLogger("kreida.worker")


@dataclass(frozen=True)
class Job:
    """`run(now)` every so often; one that runs daily may say at what time of day (UTC)."""

    name: str
    every: timedelta
    run: Callable[[datetime], object]
    at: time | None = None

    def next_due(self, now: datetime) -> datetime:
        if self.at is None:
            return now + self.every
        today = datetime.combine(now.astimezone(UTC).date(), self.at, UTC)
        return today if today > now else today + self.every


class Worker:
    current: ClassVar["Worker | None"] = None  # the one of this process, once it serves

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.failing: list[str] = []  # jobs whose last run, in whichever process, failed
        self.stopping = threading.Event()
        self._hurried: set[str] = set()
        self._wake = threading.Event()

    async def run(self) -> None:
        """Endless, for the supervisor. When cancelled, the job under way is the last."""
        Worker.current = self
        self.stopping.clear()
        pool = ThreadPoolExecutor(1, thread_name_prefix="worker")
        try:
            await asyncio.get_running_loop().run_in_executor(pool, self._work)
        finally:
            self.stopping.set()
            self._wake.set()
            pool.shutdown(wait=False)

    def hurry(self, name: str) -> None:
        """Runs that job at once in this process, due or not. Only for jobs that may run twice."""
        self._hurried.add(name)
        self._wake.set()

    def run_due(self, now: datetime) -> None:
        """What `run` does at each tick."""
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
            is_hurried = job.name in self._hurried
            self._hurried.discard(job.name)
            is_due = rows[job.name].due_at <= now
            if is_hurried or (is_due and PeriodicJob.claim(job.name, now, job.next_due(now))):
                self._run(job, now)

    def _work(self) -> None:
        try:
            while not self.stopping.is_set():
                self._wake.clear()
                close_old_connections()
                self.run_due(timezone.now())
                self._wake.wait(TICK)
        finally:
            connections.close_all()

    def _run(self, job: Job, now: datetime) -> None:
        row = PeriodicJob.objects.filter(name=job.name)
        try:
            job.run(now)
        except Exception:  # the other jobs must run, and this one again
            log.exception("a periodic job failed", extra={"data": {"job": job.name}})
            again = min(now + RETRY, job.next_due(now))
            row.update(due_at=again, has_failed=True)
        else:
            row.filter(has_failed=True).update(has_failed=False)


def hurry(name: str) -> None:
    """See `Worker.hurry`; nothing where no worker runs, as in a command: another process's will."""
    if Worker.current is not None:
        Worker.current.hurry(name)


def is_stopping() -> bool:
    """Whether a job that takes long should end early."""
    return Worker.current is not None and Worker.current.stopping.is_set()


def failing_jobs() -> list[str]:
    """Jobs whose last run, in whichever process, ended by an error."""
    return Worker.current.failing if Worker.current is not None else []
