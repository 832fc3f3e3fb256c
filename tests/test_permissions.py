"""The response status of every route, method and role in one table; a missing route fails a test.

Columns: nobody (anonymous), the lesson's student, its tutor, another tutor, staff (a tutor with
rights in the admin, which give none here), stranger (a student whom the tutor does not teach).
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from apps.billing.accounts import get_account
from apps.billing.models import AccountEntry, Pack
from apps.booking.models import ExternalCalendar
from apps.classroom.models import BoardFile, BoardVersion
from apps.lessons.invites import make_invite
from apps.lessons.models import Participant
from apps.lessons.series.holidays import add_holiday
from apps.lessons.series.undo import recorded
from tests.builders import (
    HOUR,
    NOON,
    make_classroom,
    make_lesson,
    make_membership,
    make_series,
    make_user,
)

pytestmark = pytest.mark.django_db

PEOPLE = ("nobody", "student", "tutor", "other_tutor", "staff", "stranger")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

ROOM = "classroom/sessions/{session}/"

# fmt: off
#  route                                    method   nobody student tutor other staff stranger
TABLE = [
    ("me/",                                 "GET",    401, 200, 200, 200, 200, 200),
    ("me/",                                 "PATCH",  401, 200, 200, 200, 200, 200),
    ("me/feed/",                            "GET",    401, 200, 200, 200, 200, 200),
    ("me/feed/rotate/",                     "POST",   401, 200, 200, 200, 200, 200),
    ("me/blocked-tutors/",                  "GET",    401, 200, 403, 403, 403, 200),
    ("me/blocked-tutors/{tutor}/",          "DELETE", 401, 404, 403, 403, 403, 404),
    ("me/notifications/",                   "GET",    401, 200, 200, 200, 200, 200),
    ("me/notifications/",                   "PUT",    401, 200, 200, 200, 200, 200),
    ("me/push/",                            "GET",    401, 200, 200, 200, 200, 200),
    ("me/push/",                            "PUT",    401, 200, 200, 200, 200, 200),
    ("me/push/",                            "DELETE", 401, 204, 204, 204, 204, 204),
    ("me/push/test/",                       "POST",   401, 404, 404, 404, 404, 404),
    ("classrooms/",                         "GET",    401, 403, 200, 200, 200, 403),
    ("classrooms/",                         "POST",   401, 403, 201, 201, 201, 403),
    ("classrooms/join/",                    "POST",   401, 200, 403, 403, 403, 200),
    ("classrooms/{classroom}/",             "GET",    401, 403, 200, 403, 403, 403),
    ("classrooms/{classroom}/",             "PATCH",  401, 403, 200, 403, 403, 403),
    ("classrooms/{classroom}/",             "DELETE", 401, 403, 204, 403, 403, 403),
    ("classrooms/{classroom}/members/",     "GET",    401, 403, 200, 403, 403, 403),
    ("classrooms/{classroom}/members/",     "POST",   401, 403, 201, 403, 403, 403),
    ("memberships/{membership}/",           "PATCH",  401, 403, 200, 403, 403, 403),
    ("memberships/{membership}/accept/",    "POST",   401, 200, 403, 403, 403, 403),
    ("memberships/{membership}/decline/",   "POST",   401, 403, 403, 403, 403, 403),
    ("memberships/{membership}/leave/",     "POST",   401, 200, 403, 403, 403, 403),
    ("memberships/{membership}/link/",      "POST",   401, 403, 403, 403, 403, 403),
    ("classroom/my-students/",              "GET",    401, 403, 200, 200, 200, 403),
    ("students/",                           "POST",   401, 403, 201, 403, 403, 403),
    ("students/{student}/",                 "GET",    401, 403, 200, 404, 404, 403),
    ("students/{student}/",                 "PATCH",  401, 403, 200, 404, 404, 403),
    ("students/{student}/invite/",          "POST",   401, 403, 403, 404, 404, 403),
    ("lessons/",                            "GET",    401, 200, 200, 200, 200, 200),
    ("lessons/",                            "POST",   401, 403, 201, 403, 403, 403),
    ("lessons/{lesson}/",                   "GET",    401, 200, 200, 403, 403, 403),
    ("lessons/{lesson}/",                   "PATCH",  401, 403, 200, 403, 403, 403),
    ("lessons/{lesson}/cancel/",            "POST",   401, 403, 200, 403, 403, 403),
    ("lessons/{lesson}/cancellation-terms/", "GET",   401, 200, 200, 403, 403, 403),
    ("lessons/{lesson}/students/{student}/waive/", "POST", 401, 403, 200, 403, 403, 403),
    ("me/cancellation-policy/",             "GET",    401, 403, 200, 200, 200, 403),
    ("me/cancellation-policy/",             "PUT",    401, 403, 200, 200, 200, 403),
    ("students/{student}/account/",         "GET",    401, 200, 200, 404, 404, 403),
    ("students/{student}/account/rate/",    "PUT",    401, 403, 200, 404, 404, 403),
    ("students/{student}/account/entries/", "GET",    401, 200, 200, 404, 404, 403),
    ("students/{student}/account/entries/", "POST",   401, 403, 201, 404, 404, 403),
    ("account-entries/{entry}/reverse/",    "POST",   401, 403, 201, 404, 404, 403),
    ("packs/{pack}/freeze/",                "POST",   401, 403, 200, 404, 404, 403),
    ("packs/{pack}/unfreeze/",              "POST",   401, 403, 200, 404, 404, 403),
    ("reports/accounts.csv/",               "GET",    401, 403, 200, 200, 200, 403),
    ("lessons/{lesson}/students/",          "POST",   401, 403, 200, 403, 403, 403),
    ("lessons/{lesson}/students/{student}/", "PATCH", 401, 403, 200, 403, 403, 403),
    ("lessons/{lesson}/students/{student}/", "DELETE", 401, 403, 200, 403, 403, 403),
    ("lessons/{lesson}/room/",              "GET",    401, 200, 200, 403, 403, 403),
    ("lessons/{lesson}/invite/",            "POST",   401, 403, 200, 403, 403, 403),
    ("lessons/{lesson}/invites/revoke/",    "POST",   401, 403, 204, 403, 403, 403),
    ("lessons/{lesson}/changes/preview/",   "POST",   401, 403, 200, 403, 403, 403),
    ("me/holidays/",                        "GET",    401, 403, 200, 200, 200, 403),
    ("me/holidays/",                        "POST",   401, 403, 201, 201, 201, 403),
    ("me/holidays/{holiday}/",              "DELETE", 401, 403, 204, 404, 404, 403),
    ("me/availability/",                    "GET",    401, 403, 200, 200, 200, 403),
    ("me/availability/",                    "PUT",    401, 403, 200, 200, 200, 403),
    ("me/external-calendars/",              "GET",    401, 403, 200, 200, 200, 403),
    ("me/external-calendars/",              "POST",   401, 403, 201, 201, 201, 403),
    ("me/external-calendars/{calendar}/",   "GET",    401, 403, 200, 404, 404, 403),
    ("me/external-calendars/{calendar}/",   "DELETE", 401, 403, 204, 404, 404, 403),
    ("tutors/{tutor}/slots/",               "GET",    401, 200, 200, 403, 403, 403),
    ("tutors/{tutor}/bookings/",            "POST",   401, 409, 403, 403, 403, 403),
    ("lessons/{lesson}/confirm/",           "POST",   401, 403, 200, 403, 403, 403),
    ("lessons/{lesson}/decline/",           "POST",   401, 403, 409, 403, 403, 403),
    ("lesson-changes/",                     "GET",    401, 403, 200, 200, 200, 403),
    ("lesson-changes/{change}/undo/",       "POST",   401, 404, 200, 404, 404, 404),
    ("lesson-series/",                      "GET",    401, 200, 200, 200, 200, 200),
    ("lesson-series/",                      "POST",   401, 403, 201, 403, 403, 403),
    ("lesson-series/preview/",              "POST",   401, 403, 200, 403, 403, 403),
    ("lesson-series/{series}/",             "GET",    401, 200, 200, 403, 403, 403),
    ("lesson-series/{series}/",             "PATCH",  401, 403, 200, 403, 403, 403),
    ("lesson-series/{series}/restart/",     "POST",   401, 403, 201, 403, 403, 403),
    ("lesson-series/{series}/lessons/",     "GET",    401, 200, 200, 403, 403, 403),
    ("lesson-invites/resolve/",             "GET",    401, 200, 200, 200, 200, 200),
    (f"{ROOM}join/",                        "POST",   401, 200, 200, 403, 403, 403),
    (f"{ROOM}files/",                       "POST",   401, 415, 415, 403, 403, 403),
    (f"{ROOM}files/{{file}}/",              "GET",    401, 200, 200, 403, 403, 403),
    (f"{ROOM}board/",                       "GET",    401, 200, 200, 403, 403, 403),
    (f"{ROOM}history/",                     "GET",    401, 200, 200, 403, 403, 403),
    (f"{ROOM}history/{{version}}/",         "GET",    401, 200, 200, 403, 403, 403),
    (f"{ROOM}history/{{version}}/restore/", "POST",   401, 403, 204, 403, 403, 403),
    (f"{ROOM}notes/",                       "GET",    401, 403, 200, 403, 403, 403),
    (f"{ROOM}notes/",                       "PUT",    401, 403, 200, 403, 403, 403),
    (f"{ROOM}attendance/",                  "GET",    401, 200, 200, 403, 403, 403),
    (f"{ROOM}chat/",                        "GET",    401, 200, 200, 403, 403, 403),
    ("schema/",                             "GET",    200, 200, 200, 200, 200, 200),
    ("docs/",                               "GET",    200, 200, 200, 200, 200, 200),
    ("no-such-path/",                       "GET",    404, 404, 404, 404, 404, 404),
    ("no-such-path/",                       "POST",   404, 404, 404, 404, 404, 404),
]
# fmt: on

OPEN = {"schema/", "docs/"}
BODIES = {
    ("me/", "PATCH"): {"first_name": "New"},
    ("me/push/", "PUT"): {
        "endpoint": "https://push.example/abc",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6"
            "SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    },
    ("classrooms/", "POST"): {"name": "New"},
    ("classrooms/{classroom}/", "PATCH"): {"name": "New"},
    ("classrooms/{classroom}/members/", "POST"): {"email": "new@x.example"},
    ("memberships/{membership}/", "PATCH"): {"status": "paused"},
    ("tutors/{tutor}/bookings/", "POST"): {"starts_at": "2026-03-02T15:00:00Z", "minutes": 60},
    ("lessons/{lesson}/", "PATCH"): {"title": "New"},
    ("lessons/{lesson}/changes/preview/", "POST"): {"action": "cancel"},
    ("lessons/{lesson}/students/{student}/", "PATCH"): {"status": "attended"},
    ("students/{student}/", "PATCH"): {"level": "New"},
    ("me/cancellation-policy/", "PUT"): {
        "students_may_cancel": True,
        "free_until_minutes": 60,
        "late_charge_percent": 50,
        "no_show_charge_percent": 100,
        "free_late_cancellations": 1,
        "free_late_period_days": 30,
        "no_fault_reasons": ["illness"],
    },
    ("students/{student}/account/rate/", "PUT"): {
        "amount": "400",
        "currency": "UAH",
        "per": "hour",
    },
    ("students/{student}/account/entries/", "POST"): {
        "kind": "payment",
        "unit": "UAH",
        "amount": "400",
    },
    ("account-entries/{entry}/reverse/", "POST"): {"note": "New"},
    ("lessons/{lesson}/students/{student}/waive/", "POST"): {"note": "New"},
    (f"{ROOM}notes/", "PUT"): {"text": "New"},
}
QUERIES = {
    **dict.fromkeys(["lessons/", "tutors/{tutor}/slots/"], "?from=2026-03-02&to=2026-03-09"),
    "reports/accounts.csv/": "?month=2026-03",
}


@pytest.fixture(scope="module")
def people(django_db_setup, django_db_blocker):
    """A user for each name in PEOPLE but nobody. Each test of the module runs in a savepoint of
    this transaction, and so without what another test wrote."""
    with django_db_blocker.unblock(), transaction.atomic():
        roles = {"other_tutor": "tutor", "staff": "tutor", "stranger": "student"}
        yield {
            name: make_user(roles.get(name, name), is_staff=name == "staff") for name in PEOPLE[1:]
        }
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def tutor(people):
    return people["tutor"]


@pytest.fixture(scope="module")
def student(people):
    return people["student"]


@pytest.fixture(scope="module")
def classroom(tutor, student):
    return make_classroom(tutor, student)


@pytest.fixture(scope="module")
def lesson(classroom, tutor, student):
    return make_lesson(tutor, student)


@pytest.fixture(scope="module")
def make_client(people):
    """Return a function that makes a client of a name in PEOPLE, with no other test's cookies."""
    signed_in = {name: APIClient() for name in PEOPLE}
    for name, user in people.items():
        signed_in[name].force_login(user, "allauth.account.auth_backends.AuthenticationBackend")

    def make(name):
        client = APIClient()
        client.cookies = deepcopy(signed_in[name].cookies)
        return client

    return make


@pytest.fixture(scope="module")
def call(make_client, lesson, student):
    """Return a function that sends a request that is valid for an authorised user."""
    membership = lesson.classroom.memberships.get()
    lesson_body = {
        "student_id": student.pk,
        "starts_at": (NOON + 3 * HOUR).isoformat(),
        "ends_at": (NOON + 4 * HOUR).isoformat(),
    }
    bodies = {
        **BODIES,
        ("lessons/", "POST"): lesson_body,
        ("lessons/{lesson}/students/", "POST"): {"student_id": student.pk},
        ("students/", "POST"): {
            "first_name": "New",
            "last_name": "Person",
            "classroom_id": lesson.classroom_id,
        },
        ("classrooms/join/", "POST"): {"join_code": lesson.classroom.join_code},
    }
    series_body = {
        "student_id": student.pk,
        "starts_at": "2026-03-02T20:00",
        "duration_minutes": 60,
        "rrule": "FREQ=DAILY;COUNT=2",
    }
    bodies[("lesson-series/", "POST")] = bodies[("lesson-series/preview/", "POST")] = series_body
    days = {"name": "Rest", "first_date": "2026-04-06", "last_date": "2026-04-12"}
    holiday = add_holiday(
        tutor=lesson.tutor, name="Rest", first_date=date(2026, 4, 6), last_date=date(2026, 4, 7)
    )
    bodies["me/holidays/", "POST"] = days
    calendar = ExternalCalendar.objects.create(tutor=lesson.tutor, name="Google")
    address = {"name": "Google", "url": "https://calendar.invalid/a.ics"}
    bodies["me/external-calendars/", "POST"] = address
    evening = (timezone.now() + 720 * HOUR).strftime("%Y-%m-%dT20:00")
    series = make_series(lesson.tutor, student, starts_at=datetime.fromisoformat(evening))
    restart = {**series_body, "starts_at": evening, "from_date": evening[:10]}
    bodies["lesson-series/{series}/restart/", "POST"] = restart
    token = make_invite(lesson=lesson, now=timezone.now()).token
    picture = ContentFile(b"GIF89a", "x.gif")
    kept = BoardFile.objects.create(
        session=lesson.session, file=picture, mime_type="image/gif", size=6, person="u1"
    )
    version = BoardVersion.objects.create(session=lesson.session, state=b"\x00\x00")
    Participant.objects.create(lesson=lesson, student=make_user("student"))

    with recorded(tutor=lesson.tutor, kind="moved", lesson_ids=[lesson.pk]) as recording:
        type(lesson).objects.filter(pk=lesson.pk).update(title="Changed")

    account = get_account(lesson.tutor, student)
    entry = AccountEntry.objects.create(
        account=account,
        kind="lesson",
        unit="UAH",
        amount=Decimal(-100),
        lesson=lesson,
        charge_number=1,
    )
    pack = Pack.objects.create(account=account, lessons=8)
    frozen = Pack.objects.create(account=account, lessons=8, frozen_on=date(2026, 3, 2))
    packs = {"packs/{pack}/unfreeze/": frozen}

    def send_request(person, route, method):
        ids = {
            "classroom": lesson.classroom_id,
            "membership": membership.pk,
            "lesson": lesson.pk,
            "student": student.pk,
            "tutor": lesson.tutor_id,
            "session": lesson.session.uuid,
            "series": series.pk,
            "holiday": holiday.pk,
            "calendar": calendar.pk,
            "change": recording.change.pk,
            "entry": entry.pk,
            "pack": packs.get(route, pack).pk,
            "file": kept.uuid,
            "version": version.pk,
        }
        path = f"/api/{route.format(**ids)}"
        query = {**QUERIES, "lesson-invites/resolve/": f"?token={token}"}.get(route, "")
        query = query if method == "GET" else ""
        return make_client(person).generic(
            method,
            path + query,
            data=json.dumps(bodies.get((route, method), {})),
            content_type="application/json",
        )

    return send_request


@pytest.mark.parametrize(
    ("route", "method", "statuses"), [(route, method, rest) for route, method, *rest in TABLE]
)
def test_response_status_matches_the_table(call, route, method, statuses):
    for person, status in zip(PEOPLE, statuses, strict=True):
        before = transaction.savepoint()
        answer = call(person, route, method)
        transaction.savepoint_rollback(before)
        assert (person, answer.status_code) == (person, status), answer.content[:300]
        if status >= 400:
            assert set(answer.json()) == {"error", "detail"}


@pytest.mark.parametrize("route", sorted({row[0] for row in TABLE} - {"no-such-path/"}))
def test_method_outside_the_table_is_refused(call, route):
    named = {method for each, method, *_ in TABLE if each == route}
    for method in set(METHODS) - named:
        answer = call("tutor", route, method)
        assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
        assert set(answer["Allow"].split(", ")) >= named
        anonymous = call("nobody", route, method)
        assert anonymous.status_code == (405 if route in OPEN or route.startswith(ROOM) else 401)


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield route
        else:
            yield from _routes(each, route)


def test_table_has_every_route():
    found = {
        re.sub(r"<\w+:(\w+)_(?:id|uuid)>", r"{\1}", route.removeprefix("api/"))
        for route in _routes(get_resolver())
        if route.startswith("api/")
    } - {"<path:rest>"}
    assert found == {row[0] for row in TABLE} - {"no-such-path/"}


def test_route_iteration_includes_nested_routes():
    assert "api/lessons/<int:lesson_id>/room/" in set(_routes(get_resolver()))


def test_invitation_can_be_accepted_only_by_the_invited_student(api, tutor, classroom):
    invited = make_user("student")
    membership = make_membership(classroom, invited, "invited")
    url = f"/api/memberships/{membership.pk}/accept/"
    assert api(classroom.memberships.first().student).post(url).status_code == 403
    assert api(invited).post(url).status_code == 200


def test_student_with_staff_rights_is_not_treated_as_tutor(api, classroom, lesson):
    staff_student = make_user("student", is_staff=True, is_superuser=True)
    assert api(staff_student).get(f"/api/lessons/{lesson.pk}/").status_code == 403
    assert api(staff_student).get("/api/classroom/my-students/").status_code == 403
