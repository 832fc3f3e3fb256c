"""Log lines are JSON, one per request with its id, without tokens and passwords."""

import json

import pytest
from rest_framework.test import APIClient

from tests.builders import AUTH, PASSWORD, bearer, sign_up

pytestmark = pytest.mark.django_db


def requests(lines):
    return [line for line in lines if line["logger"] == "kreida.request"]


def test_request_is_logged_once_with_id_route_and_status(api, tutor, lesson, log_lines):
    response = api(tutor).get(f"/api/lessons/{lesson.pk}/?secret=1")
    (line,) = requests(log_lines())
    assert line["request_id"] == response["X-Request-ID"]
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "api/lessons/<int:lesson_id>/"
    assert line["ms"] >= 0
    assert {"time", "level", "logger", "message"} <= set(line)


def test_every_response_has_a_unique_request_id(api, db):
    ids = {api().get(path)["X-Request-ID"] for path in ("/healthz", "/api/me/", "/api/x/")}
    assert len(ids) == 3


def test_tokens_and_passwords_are_not_logged(api, tutor, lesson, log_lines, capfd, caplog):
    caplog.set_level("DEBUG")
    meta = sign_up().json()["meta"]
    client = bearer(meta["access_token"])
    invite = api(tutor).post(f"/api/lessons/{lesson.pk}/invite/").json()["token"]
    APIClient().post(f"{AUTH}/login", {"email": "new@school.example", "password": PASSWORD})
    APIClient().post(f"{AUTH}/login", {"email": "new@school.example", "password": "wrong-secret"})
    APIClient().post("/_allauth/app/v1/tokens/refresh", {"refresh_token": meta["refresh_token"]})
    client.get("/api/me/")
    client.get("/api/lesson-invites/resolve/", {"token": invite})
    client.get("/api/lesson-invites/resolve/", {"token": f"{invite}x"})
    bearer(f"{meta['access_token']}x").get("/api/me/")
    api().get(f"/invite/{invite}/")
    api().get(f"/no-such-page/{invite}/")
    api(tutor).post("/api/classrooms/join/", {"join_code": lesson.classroom.join_code})
    out, err = capfd.readouterr()
    lines = log_lines()
    written = "\n".join([json.dumps(lines), out, err, caplog.text])
    assert len(requests(lines)) == 12
    secrets = [PASSWORD, "wrong-secret", invite, lesson.classroom.join_code, *meta.values()]
    for secret in secrets:
        if isinstance(secret, str):
            assert secret not in written
    assert all(line["request_id"] for line in requests(lines))


def test_crash_does_not_log_the_token_of_the_url(api, tutor, lesson, log_lines, monkeypatch):
    from apps.lessons.api.views import ResolveInviteView

    def crash(*_args):
        raise RuntimeError("for the log")

    invite = api(tutor).post(f"/api/lessons/{lesson.pk}/invite/").json()["token"]
    monkeypatch.setattr(ResolveInviteView, "get", crash)
    client = api(tutor)
    client.raise_request_exception = False
    assert client.get("/api/lesson-invites/resolve/", {"token": invite}).status_code == 500
    written = json.dumps(log_lines())
    assert "for the log" in written
    assert invite not in written


def test_request_for_a_foreign_host_is_logged_without_a_traceback(api, log_lines):
    assert api().get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400
    lines = [line for line in log_lines() if "DisallowedHost" in line["logger"]]
    assert len(lines) == 1
    assert "evil.example" in lines[0]["message"]
    assert "traceback" not in lines[0]
