"""Health checks: `/healthz` (the process is alive) and `/readyz` (it can serve requests).

Both are answered on the event loop, so that busy threads, a slow database or an unknown Host do not
affect them. The checks behind `/readyz` run in threads of their own, each with a deadline.
"""

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.common.json import json_response
from apps.common.models import PeriodicJob
from apps.common.supervisor import failing_tasks
from apps.common.worker import failing_jobs

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
log = logging.getLogger("kreida.health")

DEADLINE = 2.0  # seconds a check may take before it counts as failed
REUSE_SECONDS = 1.0  # for which the result of a check is reused
MIN_FREE_BYTES = 100 * 1024 * 1024
PROBE_ROW = "readyz"


def check_database() -> None:
    """Write a row, because a full disk or a read-only replica still answers reads."""
    now = timezone.now()
    probe = PeriodicJob.objects.filter(name=PROBE_ROW)
    if not probe.update(due_at=now):
        PeriodicJob.objects.bulk_create(
            [PeriodicJob(name=PROBE_ROW, due_at=now)], ignore_conflicts=True
        )


def check_redis() -> None:
    """Raise ConnectionError when Redis does not answer."""
    if not settings.REDIS_URL:
        return
    from redis import Redis, RedisError  # noqa: PLC0415 -- 7 MB, which others need not load

    redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    try:
        with redis:
            redis.ping()
    except RedisError as exc:
        raise ConnectionError("Redis does not answer") from exc


def check_storage() -> None:
    """Raise OSError when files cannot be written or less than MIN_FREE_BYTES is left."""
    probe = Path(settings.DATA_DIR) / f".readyz-{os.getpid()}"
    probe.write_bytes(b"x" * 4096)
    probe.unlink()
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < MIN_FREE_BYTES:
        raise OSError(f"only {free // 2**20} MiB are free in DATA_DIR")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "redis": check_redis,
    "storage": check_storage,
}


def run_check(name: str) -> bool:
    """Return True if the check passes; log the error of one that fails."""
    try:
        CHECKS[name]()
    except (DatabaseError, OSError):
        log.exception("a readiness check failed", extra={"data": {"check": name}})
        return False
    return True


def build_report(failing: list[str]) -> tuple[int, dict[str, object]]:
    """Return the status and body of `/readyz`. A failing job is listed but does not cause a 503."""
    failing = [*failing, *(f"task:{name}" for name in failing_tasks())]
    body: dict[str, object] = {"status": "unavailable" if failing else "ok"}
    if failing:
        body["failing"] = failing
    if failing_jobs():
        body["failing_jobs"] = failing_jobs()
    return (503 if failing else 200), body


def healthz(_request: HttpRequest) -> HttpResponse:
    return json_response({"status": "ok"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Used only when Django runs without `HealthApp`, as under the test client."""
    status, body = build_report([name for name in CHECKS if not run_check(name)])
    return json_response(body, status)


class HealthApp:
    """The ASGI application for the paths that `handles` accepts."""

    PATHS = {"/healthz", "/readyz"}

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(len(CHECKS), thread_name_prefix="health")
        self._running: dict[str, asyncio.Future[bool]] = {}
        self._finished_at: dict[str, float] = {}

    @classmethod
    def handles(cls, path: str) -> bool:
        return path.removesuffix("/") in cls.PATHS

    async def __call__(self, scope: Message, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            status = 405
            body: dict[str, object] = {
                "error": "method_not_allowed",
                "detail": "GET or HEAD, please.",
            }
        elif scope["path"].startswith("/healthz"):
            status, body = 200, {"status": "ok"}
        else:
            results = await asyncio.gather(*(self._run_check(name) for name in CHECKS))
            outcomes = zip(CHECKS, results, strict=True)
            status, body = build_report([name for name, passed in outcomes if not passed])
        content = msgspec.json.encode(body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        content = b"" if scope["method"] == "HEAD" else content
        await send({"type": "http.response.body", "body": content})

    async def _run_check(self, name: str) -> bool:
        """Run a check, or reuse one that is running or has just ended. A hung check fails."""
        running = self._running.get(name)
        if running is None or (running.done() and self._is_stale(name)):
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._pool, self._run_in_thread, name)
            self._running[name] = running
        try:
            async with asyncio.timeout(DEADLINE):
                return await asyncio.shield(running)
        except TimeoutError:
            log.error("a readiness check hangs", extra={"data": {"check": name}})
            return False

    def _is_stale(self, name: str) -> bool:
        return time.monotonic() - self._finished_at.get(name, 0.0) > REUSE_SECONDS

    def _run_in_thread(self, name: str) -> bool:
        try:
            return run_check(name)
        finally:
            connection.close()
            self._finished_at[name] = time.monotonic()
