"""What every answer says to the browser about what it may do with it."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

PATHS = [
    "/api/me/",
    "/api/lessons/1/",
    "/api/no-such-path/",
    "/healthz",
    "/api/docs/",
    "/admin/login/",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_them(client, path):
    headers = client.get(path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["script-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert len(headers["X-Request-ID"]) == 32


def test_a_refused_body_has_them_too(client):
    answer = client.post("/api/me/", b"x" * 2_000_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_host_that_is_not_ours_is_refused_in_json(client):
    answer = client.get("/api/me/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "validation_error"
    assert "evil" not in answer.content.decode()


def test_behind_tls_the_browser_is_told_to_stay_there(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    assert Client().get("/api/me/", secure=True)["Strict-Transport-Security"]
    assert Client().get("/api/me/").status_code == 301


def test_answers_under_api_are_for_nobody_elses_cache(api, tutor):
    answer = api(tutor).get("/api/me/")
    assert "Cookie" in answer["Vary"] or "no-store" in answer["Cache-Control"]
