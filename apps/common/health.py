"""`/healthz` says that the process lives, `/readyz` that it can serve.

<<<<<<< HEAD
Both are answered on the event loop, so that no busy thread, slow database or strange Host keeps
a monitor waiting; the checks behind `/readyz` run in threads of their own, each with a deadline.
=======
Both are answered on the event loop, for any Host, so that they neither wait behind requests nor
take longer than SECONDS while a dependency hangs.
>>>>>>> e0b0c2c (Answer health on the event loop and survive a slow or absent Redis)
"""

import asyncio
import logging
import os
import shutil
<<<<<<< HEAD
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
=======
import tempfile
import threading
import time
from collections.abc import Callable
>>>>>>> e0b0c2c (Answer health on the event loop and survive a slow or absent Redis)
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
<<<<<<< HEAD
from django.db import DatabaseError, connection
=======
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.db import DatabaseError, connection, transaction
>>>>>>> e0b0c2c (Answer health on the event loop and survive a slow or absent Redis)
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from apps.common.json import json_response
<<<<<<< HEAD
from apps.common.models import PeriodicJob
=======
>>>>>>> e0b0c2c (Answer health on the event loop and survive a slow or absent Redis)
from apps.common.supervisor import failing_tasks
from apps.common.worker import failing_jobs

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
log = logging.getLogger("kreida.health")

<<<<<<< HEAD
DEADLINE = 2.0  # seconds a check may take before it counts as failed
FRESH = 1.0  # seconds the result of a check is reused
MIN_FREE_BYTES = 100 * 1024 * 1024
PROBE_ROW = "readyz"


def check_database() -> None:
    """Write a row: a full disk or a read-only replica still answers reads."""
    now = timezone.now()
    probe = PeriodicJob.objects.filter(name=PROBE_ROW)
    if not probe.update(due_at=now):
        PeriodicJob.objects.bulk_create(
            [PeriodicJob(name=PROBE_ROW, due_at=now)], ignore_conflicts=True
        )


def check_redis() -> None:
    if settings.REDIS_URL:
        redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
        with redis:
            redis.ping()


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


def passes(name: str) -> bool:
    try:
        CHECKS[name]()
    except (DatabaseError, RedisError, OSError):
        log.exception("a readiness check failed", extra={"data": {"check": name}})
        return False
    return True


def report(failing: list[str]) -> tuple[int, dict[str, object]]:
    """The status and body of `/readyz`. A failing job is named, but does not make it 503."""
    failing = [*failing, *(f"task:{name}" for name in failing_tasks())]
    body: dict[str, object] = {"status": "unavailable" if failing else "ok"}
    if failing:
        body["failing"] = failing
    if failing_jobs():
        body["failing_jobs"] = failing_jobs()
    return (503 if failing else 200), body
=======
PATHS = ("/healthz", "/readyz", "/healthz/", "/readyz/")
SECONDS = 2.0  # in which `/readyz` answers, whatever hangs
FRESH_SECONDS = 1.0  # for which an answer is given again: a probe writes
MIN_FREE = 32 * 1024 * 1024  # bytes
>>>>>>> e0b0c2c (Answer health on the event loop and survive a slow or absent Redis)


def healthz(request: HttpRequest) -> HttpResponse:
    return json_response({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
<<<<<<< HEAD
    """Only where Django is served without `HealthApp` in front."""
    status, body = report([name for name in CHECKS if not passes(name)])
    return json_response(body, status)


class HealthApp:
    """An ASGI application for the two paths; `handles` says which requests are its own."""

    PATHS = {"/healthz", "/readyz"}

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(len(CHECKS), thread_name_prefix="health")
        self._running: dict[str, asyncio.Future[bool]] = {}
        self._done_at: dict[str, float] = {}

    def handles(self, path: str) -> bool:
        return path.removesuffix("/") in self.PATHS

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
            results = await asyncio.gather(*(self._passes(name) for name in CHECKS))
            found = zip(CHECKS, results, strict=True)
            status, body = report([name for name, passed in found if not passed])
        content = msgspec.json.encode(body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        content = b"" if scope["method"] == "HEAD" else content
        await send({"type": "http.response.body", "body": content})

    async def _passes(self, name: str) -> bool:
        """Join the run under way, or one that has just ended. A hung check is a failed one."""
        running = self._running.get(name)
        if running is None or (running.done() and self._is_stale(name)):
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._pool, self._run, name)
            self._running[name] = running
        try:
            async with asyncio.timeout(DEADLINE):
                return await asyncio.shield(running)
        except TimeoutError:
            log.error("a readiness check hangs", extra={"data": {"check": name}})
            return False

    def _is_stale(self, name: str) -> bool:
        return time.monotonic() - self._done_at.get(name, 0.0) > FRESH

    def _run(self, name: str) -> bool:
        try:
            return passes(name)
        finally:
            connection.close()
            self._done_at[name] = time.monotonic()
=======
    """200 when the database (and Redis, where configured) answers, else 503 with what does not."""
    failing: list[str] = []
    for name, check in CHECKS.items():
        if not check():
            failing.append(name)
    status, body = _report(failing)
    return json_response(body, status)


def _report(failing: list[str]) -> tuple[int, dict[str, Any]]:
    failing = failing + [f"task:{name}" for name in failing_tasks()]
    body: dict[str, Any] = {"status": "unavailable", "failing": failing}
    if not failing:
        body = {"status": "ok"}
    if jobs := failing_jobs():
        body["failing_jobs"] = jobs
    return (503 if failing else 200), body


def _database_writes() -> bool:
    """A small write that is committed: a full disk or a read-only standby answers reads."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_logical_emit_message(true, 'kreida', 'readyz')")
            else:
                version = cursor.execute("PRAGMA user_version").fetchone()[0]
                cursor.execute(f"PRAGMA user_version = {int(version)}")
    except DatabaseError:
        log.exception("the database does not answer")
        return False
    return True


def _redis_answers() -> bool:
    cache: Any = caches["default"]
    if not isinstance(cache, RedisCache):
        return True
    try:
        cache._cache.get_client(None, write=True).ping()
    except RedisError:
        log.exception("Redis does not answer")
        return False
    return True


def _disk_has_room() -> bool:
    """In DATA_DIR, and where SQLite's file is."""
    folders = {Path(settings.DATA_DIR)}
    if connection.vendor == "sqlite":
        folders.add(Path(str(connection.settings_dict["NAME"])).parent)
    try:
        for folder in folders:
            if folder.is_dir() and shutil.disk_usage(folder).free < MIN_FREE:
                log.error("the disk is full", extra={"data": {"folder": str(folder)}})
                return False
        with tempfile.TemporaryFile(dir=settings.DATA_DIR, buffering=0) as probe:
            probe.write(b"readyz")
            os.fsync(probe.fileno())
    except OSError:
        log.exception("the data folder cannot be written to")
        return False
    return True


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database_writes,
    "redis": _redis_answers,
    "storage": _disk_has_room,
}


class Probe:
    """Runs CHECKS in a thread of its own, one run at a time, and says in time what it knows."""

    def __init__(self) -> None:
        self._run: asyncio.Future[None] | None = None
        self._failing: list[str] = []
        self._checking = ""
        self._finished_at: float | None = None

    async def failing(self) -> list[str]:
        """What does not answer; a check that has not ended in SECONDS counts as failing."""
        now = time.monotonic()
        if self._finished_at is not None and now - self._finished_at < FRESH_SECONDS:
            return self._failing
        await asyncio.wait({self._run or self._start()}, timeout=SECONDS)
        return self._failing if self._run is None else [*self._failing, self._checking]

    def _start(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        self._run = run = loop.create_future()
        self._failing, self._finished_at = [], None
        # A daemon, so that a check that hangs does not keep the process from ending.
        threading.Thread(target=self._check, args=(loop,), name="health", daemon=True).start()
        return run

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        failing: list[str] = []
        try:
            for name, check in CHECKS.items():
                self._checking = name
                if not check():
                    failing.append(name)
                    self._failing = list(failing)
        except Exception:  # whatever it was, this process cannot be called ready
            log.exception("a readiness check failed")
            self._failing = [*failing, self._checking]
        finally:
            connection.close()
            loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        run, self._run = self._run, None
        self._finished_at = time.monotonic()
        if run is not None and not run.done():
            run.set_result(None)


probe = Probe()


async def respond(scope: Any, send: Any) -> None:
    """The ASGI side of PATHS."""
    status, body = 200, {"status": "ok"}
    allow = []
    if scope["method"] not in ("GET", "HEAD"):
        status, body = 405, {"error": "method_not_allowed", "detail": "Only GET and HEAD."}
        allow = [(b"allow", b"GET, HEAD")]
    elif scope["path"].startswith("/readyz"):
        status, body = _report(await probe.failing())
    content = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *allow,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
>>>>>>> e0b0c2c (Answer health on the event loop and survive a slow or absent Redis)
