"""Invalid input under /api/ gets a JSON error and changes nothing; never a 500 or an HTML page."""

import re
import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from apps.billing.accounts import get_account
from apps.billing.ledger import append_entry
from apps.billing.models import Pack
from apps.booking.models import ExternalCalendar
from apps.classroom.models import BoardVersion
from apps.classrooms.models import Classroom
from apps.lessons.models import Lesson
from apps.lessons.series.holidays import add_holiday
from apps.lessons.series.undo import recorded
from tests.builders import make_series
from tests.test_permissions import ROOM, TABLE

pytestmark = pytest.mark.django_db

WRITES = sorted(
    {(route, method) for route, method, *_ in TABLE if method in ("POST", "PATCH", "PUT")}
)
ROUTES_WITHOUT_BODY = {
    "lesson-changes/{change}/undo/",
    "lessons/{lesson}/confirm/",
    "me/feed/rotate/",
    "me/push/test/",
    "lessons/{lesson}/invites/revoke/",
    "memberships/{membership}/accept/",
    "memberships/{membership}/leave/",
    "memberships/{membership}/link/",
    "packs/{pack}/freeze/",
    "packs/{pack}/unfreeze/",
    "students/{student}/invite/",
    f"{ROOM}history/{{version}}/restore/",
}
STUDENTS_ROUTES = {"classrooms/join/", "me/blocked-tutors/{tutor}/", "tutors/{tutor}/bookings/"}
NOT_JSON = {f"{ROOM}files/", "no-such-path/"}
ROUTES_WITH_BODY = [
    (route, method) for route, method in WRITES if route not in ROUTES_WITHOUT_BODY | NOT_JSON
]


@pytest.fixture
def paths(lesson):
    membership = lesson.classroom.memberships.get()
    series = make_series(lesson.tutor, lesson.student)
    with recorded(tutor=lesson.tutor, kind="moved", lesson_ids=[lesson.pk]) as recording:
        type(lesson).objects.filter(pk=lesson.pk).update(title="Changed")
    holiday = add_holiday(
        tutor=lesson.tutor, name="Rest", first_date=date(2026, 4, 6), last_date=date(2026, 4, 7)
    )
    account = get_account(lesson.tutor, lesson.student)
    ids = {
        "calendar": ExternalCalendar.objects.create(tutor=lesson.tutor, name="Google").pk,
        "entry": append_entry(account=account, kind="payment", unit="UAH", amount=Decimal(1)).pk,
        "pack": Pack.objects.create(account=account, lessons=8).pk,
        "holiday": holiday.pk,
        "classroom": lesson.classroom_id,
        "membership": membership.pk,
        "lesson": lesson.pk,
        "student": lesson.student_id,
        "tutor": lesson.tutor_id,
        "series": series.pk,
        "change": recording.change.pk,
        "session": lesson.session.uuid,
        "file": uuid.uuid4(),
        "version": BoardVersion.objects.create(session=lesson.session, state=b"\0\0").pk,
    }
    return lambda route: f"/api/{route.format(**ids)}"


def send(client, method, path, data, content_type="application/json"):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    return client.generic(method, path, data=data, content_type=content_type)


def assert_error(answer, *codes, case=""):
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert (answer.status_code, body["error"]) in codes, (case, answer.content[:300])
    fields = {"fields"} if body["error"] == "validation_error" else set()
    assert set(body) == {"error", "detail"} | fields
    assert body["detail"]


def client_for(api, request, route):
    return api(request.getfixturevalue("student" if route in STUDENTS_ROUTES else "tutor"))


MALFORMED_BODIES = {
    "malformed": "{",
    "trailing": "{} x",
    "single quotes": "{'a': 1}",
    "NaN": '{"title": NaN}',
    "lone surrogate": '{"title": "\\ud800", "name": "\\udfff"}',
    "raw surrogate": '{"title": "\ud800"}',
    "raw control": '{"title": "a\x01b"}',
    "not UTF-8": b'{"title": "\xff\xfe"}',
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "deep": '{"title":' + "[" * 100_000,
    "deep and closed": "[" * 50_000 + "]" * 50_000,
    "a list": "[1]",
    "a string": '"x"',
    "a number": "5",
    "true": "true",
    "null": "null",
}


@pytest.mark.parametrize(("route", "method"), ROUTES_WITH_BODY)
def test_malformed_body_is_a_validation_error(api, request, paths, route, method):
    client = client_for(api, request, route)
    before = list(Lesson.objects.values()), list(Classroom.objects.values())
    for kind, body in MALFORMED_BODIES.items():
        answer = send(client, method, paths(route), body)
        assert_error(answer, (400, "validation_error"), case=kind)
        assert (list(Lesson.objects.values()), list(Classroom.objects.values())) == before, kind


@pytest.mark.parametrize(("route", "method"), ROUTES_WITH_BODY)
def test_huge_numbers_are_a_validation_error(api, request, paths, route, method):
    body = "{" + ",".join(f'"{name}": {"9" * 5000}' for name in (
        *("student_id", "starts_at", "ends_at", "title", "name", "join_code", "email", "status"),
        *("ttl_seconds", "reason", "first_name", "timezone"),
    )) + "}"  # fmt: skip
    answer = send(client_for(api, request, route), method, paths(route), body)
    assert_error(answer, (400, "validation_error"))


@pytest.mark.parametrize(("route", "method"), ROUTES_WITH_BODY)
def test_other_media_type_is_unsupported(api, request, paths, route, method):
    client = client_for(api, request, route)
    for media_type in (
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"),
        *("application/xml", "application/json5", "json", "x" * 300, "application/json/x"),
    ):
        if (route, media_type) == ("me/external-calendars/", "multipart/form-data"):
            continue  # a file
        answer = send(client, method, paths(route), '{"name": "x"}', media_type)
        assert_error(answer, (415, "unsupported_media_type"), case=media_type)
        assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON",
                   "application/json; charset=nonsense", "application/json;"]
)  # fmt: skip
def test_variants_of_the_json_media_type_are_accepted(api, tutor, media_type):
    answer = send(api(tutor), "POST", "/api/classrooms/", '{"name": "x"}', media_type)
    assert answer.status_code == 201


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "x", "*/*;q=0", ""])
def test_any_accept_header_gets_json(api, tutor, accept):
    answer = api(tutor).get("/api/me/", headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 10 * 1024 * 1024])
@pytest.mark.parametrize("path", ["/api/classrooms/", "/api/no-such-path/"])
def test_body_over_1_mib_is_too_large(api, tutor, path, size):
    answer = send(api(tutor), "POST", path, b'{"name": "' + b"x" * size + b'"}')
    assert_error(answer, (413, "payload_too_large"))
    assert not Classroom.objects.exists()


def test_body_of_1_mib_is_accepted(api, tutor):
    padding = b" " * (1024 * 1024 - 13)
    assert (
        send(api(tutor), "POST", "/api/classrooms/", b'{"name": "x"}' + padding).status_code == 201
    )


@pytest.mark.parametrize("length", ["x", "-1", "9" * 5000, "1e3", "²", ""])
def test_invalid_content_length_is_not_a_server_error(api, tutor, length):
    answer = api(tutor).generic(
        "POST", "/api/classrooms/", b'{"name": "x"}', "application/json", CONTENT_LENGTH=length
    )
    assert answer.status_code in (201, 400, 413)
    assert answer["Content-Type"] == "application/json"


# Paths


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api//",
        "/api/x",
        "/api/x/y/z/",
        "/api/lessons/x/",
        "/api/lessons/1/x/",
        "/api/lessons/-1/",
        "/api/lessons/1.0/",
        "/api/lessons/%00/",
        "/api/lessons/%0a/",
        "/api/x%0ay",
        "/api/%ff%fe/",
        "/api/lessons/" + "9" * 5000 + "/",
        "/api/../api/x",
        "/api/" + "x" * 5000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PURGE"])
def test_unknown_path_is_a_json_404_for_every_method(db, path, method):
    """Without a CSRF token, as a script of another site would send it."""
    answer = APIClient(enforce_csrf_checks=True).generic(method, path)
    assert_error(answer, (404, "not_found"))


def test_unknown_path_is_a_json_404_when_signed_in(tutor):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    assert_error(client.post("/api/x/", {}), (404, "not_found"))


@pytest.mark.parametrize("route", sorted({row[0] for row in TABLE} - {"no-such-path/"}))
def test_unknown_method_is_not_allowed(api, request, paths, route):
    client = client_for(api, request, route)
    for method in ("PUT", "TRACE", "CONNECT", "PURGE", "get", "X" * 100):
        answer = client.generic(method, paths(route))
        if (route, method) in WRITES:
            assert answer.status_code != 405, method
        elif method == "get":  # DRF accepts methods in any letter case
            assert answer.status_code < 500, method
        else:
            assert_error(answer, (405, "method_not_allowed"), case=method)
            assert answer["Allow"]
            assert answer["Allow"] in answer.json()["detail"]


@pytest.mark.parametrize(("route", "method"), sorted({row[:2] for row in TABLE}))
def test_path_without_trailing_slash_gets_the_same_answer(api, request, paths, route, method):
    client = client_for(api, request, route)
    answers = []
    for path in (paths(route), paths(route).rstrip("/")):
        before = transaction.savepoint()
        answers.append(client.generic(method, path, b"{}", "application/json"))
        transaction.savepoint_rollback(before)
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].status_code < 500
    assert not 300 <= answers[0].status_code < 400
    if route != "docs/":  # a page that names its own address
        assert _without_ids(answers[0].content) == _without_ids(answers[1].content)


def _without_ids(body):
    return re.sub(
        rb'"(id|token|ticket|invite_url|join_code|created_at|expires_at)":[^,}]+', b"", body
    )


# Ids


NUMBERED = sorted({row[:2] for row in TABLE if "{" in row[0] and not row[0].startswith(ROOM)})


@pytest.mark.parametrize(("route", "method"), NUMBERED)
def test_unknown_id_of_any_size_is_not_found(api, route, method, tutor, student):
    client = api(student if "accept" in route or route in STUDENTS_ROUTES else tutor)
    known = {"lessons": "lesson_not_found", "lesson-series": "series_not_found"}
    code = known.get(route.split("/")[0], "not_found")
    for number in (0, 2**31, 2**63 - 1, 2**63, 2**64, 10**100):
        path = "/api/" + re.sub(r"{\w+}", str(number), route)
        answer = client.generic(method, path, b"{}", "application/json")
        assert_error(answer, (404, code), case=number)


@pytest.mark.parametrize("number", [0, 2**63, 10**100])
@pytest.mark.parametrize(("suffix", "method"), [("", "GET"), ("restore/", "POST")])
def test_unknown_board_version_is_not_found(api, tutor, lesson, number, suffix, method):
    path = f"/api/classroom/sessions/{lesson.session.uuid}/history/{number}/{suffix}"
    assert_error(api(tutor).generic(method, path), (404, "not_found"))


# Exceptions


def test_exception_is_a_server_error_with_request_id_and_without_traceback(
    api, tutor, monkeypatch, log_lines
):
    from apps.accounts.api.views import MeView

    def crash(*_args):
        raise RuntimeError("the reason is for the log alone")

    monkeypatch.setattr(MeView, "get", crash)
    client = api(tutor)
    client.raise_request_exception = False
    answer = client.get("/api/me/")
    assert_error(answer, (500, "server_error"))
    assert "reason" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    crashes = [line for line in log_lines() if line["message"] == "crash"]
    assert [line["request_id"] for line in crashes] == [answer["X-Request-ID"]]
    assert "the reason is for the log alone" in crashes[0]["traceback"]
