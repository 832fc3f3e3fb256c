"""v0.32: calendar range (BE32-3), room resolve with backfill (BE32-4), invites (BE32-5)."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.classroom.models import ClassroomSession
from apps.lessons.invites import make_invite
from conftest import HOUR, NOON, make_lesson, make_user

pytestmark = pytest.mark.django_db
LESSONS = "/api/lessons"
RESOLVE = "/api/lesson-invites/resolve/"


def week(client, start="2026-03-02", end="2026-03-09", **more):
    return client.get(LESSONS, {"from": start, "to": end, **more})


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [found["id"] for found in answer.json()["results"]]


# The calendar range


def test_the_range_holds_whole_lessons_under_results(api, tutor, student, lesson):
    answer = week(api(tutor))
    assert answer.status_code == 200
    assert answer.json() == {
        "results": [
            {
                "id": lesson.pk,
                "title": "",
                "starts_at": "2026-03-02T12:00:00Z",
                "ends_at": "2026-03-02T13:00:00Z",
                "status": "scheduled",
                "tutor": {"id": tutor.pk, "first_name": "Тарас", "last_name": "Вчитель"},
                "student": {"id": student.pk, "first_name": "Олена", "last_name": "Коваль"},
                "classroom_id": lesson.classroom_id,
                "session_uuid": str(lesson.session.uuid),
            }
        ]
    }


def test_a_tutor_sees_what_they_teach_and_a_student_what_they_attend(
    api, tutor, student, other_tutor, stranger, lesson
):
    others = make_lesson(other_tutor, stranger)
    assert ids(week(api(tutor))) == ids(week(api(student))) == [lesson.pk]
    assert ids(week(api(other_tutor))) == ids(week(api(stranger))) == [others.pk]


@pytest.mark.parametrize("role", ["student", "tutor", "admin", ""])
def test_a_role_parameter_changes_nothing(api, tutor, student, lesson, role):
    for person in (tutor, student):
        assert week(api(person), role=role).json() == week(api(person)).json()


def test_the_range_needs_a_sign_in(api, db):
    answer = week(api())
    assert (answer.status_code, answer.json()["error"]) == (401, "not_authenticated")


def test_lessons_come_by_start_then_id(api, tutor, student):
    late = make_lesson(tutor, student, NOON + 2 * HOUR)
    early = make_lesson(tutor, student, NOON)
    double = make_lesson(tutor, student, NOON, allow_overlap=True)
    assert ids(week(api(tutor))) == [early.pk, double.pk, late.pk]


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-03-02T13:00:00Z", "2026-03-02T14:00:00Z", False),  # it ends as the range starts
        ("2026-03-02T12:59:59Z", "2026-03-02T14:00:00Z", True),
        ("2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z", False),  # it starts as the range ends
        ("2026-03-02T11:00:00Z", "2026-03-02T12:00:01Z", True),
        ("2026-03-02T12:20:00Z", "2026-03-02T12:21:00Z", True),
    ],
)
def test_the_range_is_half_open(api, tutor, lesson, start, end, found):
    assert bool(ids(week(api(tutor), start, end))) is found


def test_the_longest_lesson_is_seen_from_its_last_second(api, tutor, student):
    make_lesson(tutor, student, NOON, 12 * HOUR)
    assert ids(week(api(tutor), "2026-03-02T23:59:59Z", "2026-03-03T00:00:30Z"))


def test_a_plus_that_arrives_as_a_space_is_a_plus(api, tutor, lesson):
    for sign in ("+", "%2B"):
        for offset in ("02:00", "0200", "02"):
            url = f"{LESSONS}?from=2026-03-02T14:59:59{sign}{offset}&to=2026-03-03T00:00:00Z"
            assert ids(api(tutor).get(url)) == [lesson.pk]
            url = f"{LESSONS}?from=2026-03-02T15:00:00{sign}{offset}&to=2026-03-03T00:00:00Z"
            assert ids(api(tutor).get(url)) == []


def test_a_plain_date_is_midnight_in_the_users_zone(api, tutor, student):
    late = make_lesson(tutor, student, datetime(2026, 3, 1, 22, 30, tzinfo=UTC))
    assert ids(week(api(tutor), "2026-03-02", "2026-03-03")) == [late.pk]  # 00:30 in Kyiv
    tutor.timezone = "America/New_York"
    tutor.save()
    assert ids(week(api(tutor), "2026-03-02", "2026-03-03")) == []
    assert ids(week(api(tutor), "2026-03-01", "2026-03-02")) == [late.pk]


@pytest.mark.parametrize(
    ("zone", "day", "next_day", "hours"),
    [
        ("Europe/Kyiv", "2026-03-29", "2026-03-30", 23),
        ("Europe/Kyiv", "2026-10-25", "2026-10-26", 25),
        ("America/Havana", "2026-03-08", "2026-03-09", 23),  # the clock skips midnight itself
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-06", 24.5),
    ],
)
def test_a_day_is_as_long_as_the_clock_change_makes_it(api, student, zone, day, next_day, hours):
    tutor = make_user("tutor", timezone=zone)
    midnight = datetime.fromisoformat(day).replace(tzinfo=tutor.zone).astimezone(UTC)
    before = make_lesson(tutor, student, midnight - HOUR)
    first = make_lesson(tutor, student, midnight)
    last = make_lesson(tutor, student, midnight + (hours - 1) * HOUR)
    after = make_lesson(tutor, student, midnight + hours * HOUR)
    assert ids(week(api(tutor), day, next_day)) == [first.pk, last.pk]
    assert {before.pk, after.pk}.isdisjoint(ids(week(api(tutor), day, next_day)))


def test_366_days_are_allowed_and_367_are_not(api, tutor):
    assert week(api(tutor), "2026-01-01", "2027-01-02").status_code == 200
    answer = week(api(tutor), "2026-01-01", "2027-01-03")
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"to"}


def test_366_plain_days_with_a_clock_change_are_allowed(api, tutor):
    """From summer time to winter time 366 days by the calendar are an hour longer."""
    assert week(api(tutor), "2026-10-25", "2027-10-26").status_code == 200
    answer = week(api(tutor), "2026-01-01T00:00:00Z", "2027-01-02T00:00:01Z")
    assert answer.status_code == 400


def test_cancelled_lessons_only_when_asked(api, tutor, lesson):
    api(tutor).post(f"{LESSONS}/{lesson.pk}/cancel/")
    assert ids(week(api(tutor))) == []
    assert ids(week(api(tutor), include_cancelled="false")) == []
    assert ids(week(api(tutor), include_cancelled="true")) == [lesson.pk]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"from", "to"}),
        ({"from": "2026-03-02"}, {"to"}),
        ({"to": "2026-03-02"}, {"from"}),
        ({"from": "", "to": "2026-03-02"}, {"from"}),
        ({"from": "2026-03-02T12:00:00", "to": "2026-03-03"}, {"from"}),
        ({"from": "soon", "to": "later"}, {"from", "to"}),
        ({"from": "2026-03-02", "to": "2026-02-30"}, {"to"}),
        ({"from": "2026-03-02", "to": "2026-03-02"}, {"to"}),
        ({"from": "2026-03-03", "to": "2026-03-02"}, {"to"}),
        ({"from": "0001-01-01", "to": "0001-01-02"}, {"from", "to"}),
        ({"from": "9999-12-31", "to": "9999-12-31T23:59:59Z"}, {"from", "to"}),
        ({"from": "0001-01-01T00:00:00+14:00", "to": "2026-03-02"}, {"from"}),
        ({"from": "2026-03-02T23:59:60Z", "to": "2026-03-03"}, {"from"}),
        ({"from": "2026-03-02T25:00:00Z", "to": "2026-03-03"}, {"from"}),
        ({"from": "2026-03-02T12:00:00+25:00", "to": "2026-03-03"}, {"from"}),
        ({"from": "2026-03-02\x00", "to": "2026-03-03"}, {"from"}),
        ({"from": "٢٠٢٦-03-02", "to": "2026-03-03"}, {"from"}),
        (
            {"from": "2026-03-02", "to": "2026-03-03", "include_cancelled": "maybe"},
            {"include_cancelled"},
        ),
    ],
)
def test_a_bad_range_is_a_validation_error_by_parameter(api, tutor, query, names):
    answer = api(tutor).get(LESSONS, query)
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == names


# The room


def test_the_room_of_a_lesson_for_its_two_people(api, tutor, student, lesson):
    for person in (tutor, student):
        answer = api(person).get(f"{LESSONS}/{lesson.pk}/room/")
        assert answer.status_code == 200
        assert answer.json() == {"lesson_id": lesson.pk, "session_uuid": str(lesson.session.uuid)}


def test_a_missing_session_is_made_once(api, tutor, student, lesson):
    ClassroomSession.objects.all().delete()
    first = api(student).get(f"{LESSONS}/{lesson.pk}/room/").json()["session_uuid"]
    assert api(tutor).get(f"{LESSONS}/{lesson.pk}/room/").json()["session_uuid"] == first
    assert str(ClassroomSession.objects.get().uuid) == first == str(uuid.UUID(first))


def test_nobody_else_gets_the_room_nor_makes_its_session(api, other_tutor, stranger, staff, lesson):
    ClassroomSession.objects.all().delete()
    for person in (other_tutor, stranger, staff):
        answer = api(person).get(f"{LESSONS}/{lesson.pk}/room/")
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert not ClassroomSession.objects.exists()


def test_the_room_of_no_lesson(api, tutor, lesson):
    answer = api(tutor).get(f"{LESSONS}/{lesson.pk + 1}/room/")
    assert (answer.status_code, answer.json()["error"]) == (404, "lesson_not_found")


def test_a_lesson_without_a_session_is_in_the_calendar_with_null(api, tutor, lesson):
    ClassroomSession.objects.all().delete()
    assert week(api(tutor)).json()["results"][0]["session_uuid"] is None


# Invites


def invite(client, lesson, **body):
    return client.post(f"{LESSONS}/{lesson.pk}/invite/", body)


def resolve(client, token):
    return client.get(RESOLVE, {"token": token})


def test_the_tutor_makes_an_invite_for_a_day(api, tutor, lesson, settings):
    before = timezone.now()
    answer = invite(api(tutor), lesson)
    assert answer.status_code == 200
    assert set(answer.json()) == {"invite_url", "expires_at", "token"}
    token = answer.json()["token"]
    assert answer.json()["invite_url"] == f"{settings.PUBLIC_URL}/invite/{token}"
    left = datetime.fromisoformat(answer.json()["expires_at"]) - before
    assert timedelta(seconds=86395) < left < timedelta(seconds=86405)


def test_anyone_signed_in_resolves_an_invite(api, tutor, stranger, other_tutor, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    for person in (stranger, other_tutor, tutor):
        answer = resolve(api(person), token)
        assert answer.status_code == 200
        assert answer.json() == {"lesson_id": lesson.pk, "session_uuid": str(lesson.session.uuid)}


def test_resolving_needs_a_sign_in(api, tutor, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    assert resolve(api(), token).status_code == 401


def test_resolving_makes_a_missing_session(api, tutor, stranger, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    ClassroomSession.objects.all().delete()
    answer = resolve(api(stranger), token)
    assert answer.json()["session_uuid"] == str(ClassroomSession.objects.get().uuid)


def test_an_expired_invite_has_exactly_this_body(api, tutor, stranger, lesson):
    long_ago = timezone.now() - timedelta(hours=2)
    token = make_invite(lesson=lesson, ttl_seconds=3600, now=long_ago).token
    answer = resolve(api(stranger), token)
    assert answer.status_code == 410
    assert answer.json() == {"error": "invite_expired", "detail": "Invite expired"}
    student = make_user("student", locale="uk")
    spoken = api(student).get(RESOLVE, {"token": token}, headers={"Accept-Language": "uk"})
    assert spoken.json() == {"error": "invite_expired", "detail": "Invite expired"}


@pytest.mark.parametrize(
    "token", [None, "", "x", "a.b.c", "..", "a.b", "\x00", "é.é.é", "x" * 9999]
)
def test_a_malformed_token_is_invite_invalid(api, stranger, token):
    answer = api(stranger).get(RESOLVE, {} if token is None else {"token": token})
    assert (answer.status_code, answer.json()["error"]) == (400, "invite_invalid")
    assert set(answer.json()) == {"error", "detail"}


def test_only_the_lessons_tutor_makes_invites(api, student, other_tutor, stranger, staff, lesson):
    for person in (student, other_tutor, stranger, staff):
        answer = invite(api(person), lesson)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_an_invite_to_no_lesson(api, tutor, lesson):
    answer = api(tutor).post(f"{LESSONS}/{lesson.pk + 1}/invite/")
    assert (answer.status_code, answer.json()["error"]) == (404, "lesson_not_found")
