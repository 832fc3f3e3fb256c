"""Responses to failures of dependencies, and to CSRF failures and oversized forms."""

import errno
import sqlite3

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError, OperationalError, connection
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.common.dependency_failures import dependency_failure

pytestmark = pytest.mark.django_db


def sqlite_error(code: int, message: str) -> OperationalError:
    cause = sqlite3.OperationalError(message)
    cause.sqlite_errorcode = code
    error = OperationalError(message)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("exc", "status"),
    [
        (OperationalError("connection refused"), 503),
        (sqlite_error(sqlite3.SQLITE_BUSY, "database is locked"), 503),
        (sqlite_error(sqlite3.SQLITE_FULL, "database or disk is full"), 507),
        (sqlite_error(sqlite3.SQLITE_READONLY, "attempt to write a readonly database"), 503),
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 507),
    ],
)
def test_dependency_failure_has_its_status(exc, status):
    assert dependency_failure(exc).status == status


def test_failure_of_redis_is_a_failure_of_a_dependency(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert dependency_failure(RedisConnectionError("gone")).status == 503


def test_dependency_failure_behind_another_exception_is_found():
    full = sqlite_error(sqlite3.SQLITE_FULL, "database or disk is full")
    update = DatabaseError("Forced update did not affect any rows.")
    update.__context__ = full
    hidden = UpdateError()
    hidden.__context__ = update
    assert dependency_failure(hidden).status == 507
    hidden.__suppress_context__ = True
    assert dependency_failure(hidden) is None


@pytest.mark.parametrize(
    "exc",
    [sqlite_error(sqlite3.SQLITE_ERROR, "no such table: x"), OSError(errno.ENOENT), ValueError()],
)
def test_programming_error_is_not_a_dependency_failure(exc):
    assert dependency_failure(exc) is None


def failing_database(exc: Exception):
    def refuse(*_args):
        raise exc

    return connection.execute_wrapper(refuse)


@pytest.mark.parametrize(
    ("exc", "status", "code"),
    [
        (OperationalError("gone, with the password in it"), 503, "service_unavailable"),
        (sqlite_error(sqlite3.SQLITE_FULL, "database or disk is full"), 507, "storage_full"),
    ],
)
@pytest.mark.parametrize("path", ["/api/classrooms/", "/_allauth/app/v1/auth/login"])
def test_api_answers_a_dependency_failure_in_json(api, tutor, exc, status, code, path):
    client = api(tutor)
    client.raise_request_exception = False
    with failing_database(exc):
        body = {"name": "A", "email": tutor.email, "password": "chalk-and-sponge"}
        response = client.post(path, body, format="json")
    assert (response.status_code, response.json()["error"]) == (status, code)
    assert ("Retry-After" in response) == (status == 503)
    assert "password" not in response.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/classrooms/"])
def test_page_answers_a_dependency_failure_in_html(client, tutor, path):
    client.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    client.raise_request_exception = False
    with failing_database(OperationalError("gone")):
        response = client.get(path)
    assert response.status_code == 503
    assert response["Retry-After"]
    assert response["Content-Type"].startswith("text/html")


def test_oversized_form_is_answered_in_html(client):
    response = client.post("/accounts/login/", {"login": "x" * 1_100_000})
    assert response.status_code == 413
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Origin": "null"}, "Origin: null"),
        ({"Origin": "https://evil.example"}, "PUBLIC_URL"),
        ({"Origin": "http://testserver"}, "cookie"),
    ],
)
def test_csrf_failure_names_its_cause(headers, words):
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", headers=headers)
    assert response.status_code == 403
    assert words in response.content.decode()


def test_missing_static_file_needs_no_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/static/no-such-file.js").status_code == 404
