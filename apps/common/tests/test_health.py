"""/healthz (the process is alive) and /readyz (it can serve)."""

import asyncio
import json
import threading
import time

import pytest
from django.db import OperationalError, connection

from apps.common import health, supervisor

pytestmark = pytest.mark.django_db


def request_health(
    path: str, *, method: str = "GET", app: health.HealthApp | None = None
) -> tuple[int, dict]:
    """Call the ASGI application as the server does; return status and body."""
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    app = app or health.HealthApp()
    assert app.handles(path)
    asyncio.run(app({"type": "http", "method": method, "path": path}, send))
    body = sent[1]["body"]
    return sent[0]["status"], json.loads(body) if body else {}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/", "/readyz/"])
def test_health_checks_are_public(api, path):
    response = api().get(path)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_healthz_needs_no_database(api, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert api().get("/healthz").status_code == 200


def test_failed_database_makes_process_unready_but_alive(api, log_lines):
    def refuse(*_args):
        raise OperationalError("gone, with the password in the reason")

    with connection.execute_wrapper(refuse):
        response = api().get("/readyz")
        assert api().get("/healthz").status_code == 200
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "failing": ["database"]}
    assert "a readiness check failed" in {line["message"] for line in log_lines()}


def test_read_only_database_makes_process_unready(api):
    def refuse_writes(execute, sql, params, many, context):
        if not sql.startswith("SELECT"):
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse_writes):
        response = api().get("/readyz")
    assert (response.status_code, response.json()["failing"]) == (503, ["database"])


def test_failed_redis_makes_process_unready_but_alive(api, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = api().get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "failing": ["redis"]}
    assert api().get("/healthz").status_code == 200


def test_full_disk_makes_process_unready(api, monkeypatch):
    monkeypatch.setattr(health, "MIN_FREE_BYTES", 2**62)
    assert api().get("/readyz").json()["failing"] == ["storage"]


def test_failing_background_task_makes_process_unready(api, monkeypatch):
    monkeypatch.setattr(supervisor, "_failing", {"bus"})
    assert api().get("/readyz").json()["failing"] == ["task:bus"]


def test_hung_check_fails_at_its_deadline_and_runs_once(monkeypatch):
    hangs, runs = threading.Event(), []

    def hang():
        runs.append(1)
        hangs.wait(20)

    monkeypatch.setattr(health, "CHECKS", {"database": hang})
    monkeypatch.setattr(health, "DEADLINE", 0.1)
    app = health.HealthApp()

    async def run_three_times():
        began = time.monotonic()
        results = [await app._run_check("database") for _ in range(3)]
        return results, time.monotonic() - began

    try:
        results, seconds = asyncio.run(run_three_times())
    finally:
        hangs.set()
    assert (results, runs) == ([False, False, False], [1])
    assert seconds < 5


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 200), ("POST", 405)])
def test_health_app_accepts_get_and_head_only(method, status):
    assert request_health("/healthz/", method=method)[0] == status


def test_health_app_does_not_handle_other_paths():
    assert not health.HealthApp().handles("/healthz/x")
    assert not health.HealthApp().handles("/")
