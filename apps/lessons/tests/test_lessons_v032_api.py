"""Lessons in a range (BE32-3), the room of a lesson (BE32-4), invites (BE32-5)."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.classroom.models import ClassroomSession
from apps.lessons.invites import make_invite
from tests.builders import HOUR, NOON, make_lesson, make_user

pytestmark = pytest.mark.django_db
LESSONS = "/api/lessons"
RESOLVE = "/api/lesson-invites/resolve/"


def get_range(client, start="2026-03-02", end="2026-03-09", **more):
    return client.get(LESSONS, {"from": start, "to": end, **more})


def ids(response):
    assert response.status_code == 200, response.content
    return [found["id"] for found in response.json()["results"]]


# The calendar range


def test_range_lists_lessons_under_results(api, tutor, student, lesson):
    response = get_range(api(tutor))
    assert response.status_code == 200
    assert response.json() == {
        "results": [
            {
                "id": lesson.pk,
                "title": "",
                "starts_at": "2026-03-02T12:00:00Z",
                "ends_at": "2026-03-02T13:00:00Z",
                "status": "scheduled",
                "tutor": {"id": tutor.pk, "first_name": "Тарас", "last_name": "Вчитель"},
                "student": {"id": student.pk, "first_name": "Олена", "last_name": "Коваль"},
                "students": [
                    {
                        "id": student.pk,
                        "first_name": "Олена",
                        "last_name": "Коваль",
                        "status": "booked",
                    }
                ],
                "classroom_id": lesson.classroom_id,
                "session_uuid": str(lesson.session.uuid),
                "series_id": None,
                "original_starts_at": None,
            }
        ]
    }


def test_tutor_lists_lessons_taught_and_student_lessons_attended(
    api, tutor, student, other_tutor, stranger, lesson
):
    others = make_lesson(other_tutor, stranger)
    assert ids(get_range(api(tutor))) == ids(get_range(api(student))) == [lesson.pk]
    assert ids(get_range(api(other_tutor))) == ids(get_range(api(stranger))) == [others.pk]


@pytest.mark.parametrize("role", ["student", "tutor", "admin", ""])
def test_role_parameter_is_ignored(api, tutor, student, lesson, role):
    for person in (tutor, student):
        assert get_range(api(person), role=role).json() == get_range(api(person)).json()


def test_range_without_sign_in_is_not_authenticated(api, db):
    response = get_range(api())
    assert (response.status_code, response.json()["error"]) == (401, "not_authenticated")


def test_lessons_are_ordered_by_start_then_id(api, tutor, student):
    late = make_lesson(tutor, student, NOON + 2 * HOUR)
    early = make_lesson(tutor, student, NOON)
    double = make_lesson(tutor, student, NOON, allow_overlap=True)
    assert ids(get_range(api(tutor))) == [early.pk, double.pk, late.pk]


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-03-02T13:00:00Z", "2026-03-02T14:00:00Z", False),  # ends when the range starts
        ("2026-03-02T12:59:59Z", "2026-03-02T14:00:00Z", True),
        ("2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z", False),  # starts when the range ends
        ("2026-03-02T11:00:00Z", "2026-03-02T12:00:01Z", True),
        ("2026-03-02T12:20:00Z", "2026-03-02T12:21:00Z", True),
    ],
)
def test_range_is_half_open(api, tutor, lesson, start, end, found):
    assert bool(ids(get_range(api(tutor), start, end))) is found


def test_longest_lesson_is_listed_until_its_last_second(api, tutor, student):
    make_lesson(tutor, student, NOON, 12 * HOUR)
    assert ids(get_range(api(tutor), "2026-03-02T23:59:59Z", "2026-03-03T00:00:30Z"))


def test_plus_decoded_as_space_is_accepted(api, tutor, lesson):
    for sign in ("+", "%2B"):
        for offset in ("02:00", "0200", "02"):
            url = f"{LESSONS}?from=2026-03-02T14:59:59{sign}{offset}&to=2026-03-03T00:00:00Z"
            assert ids(api(tutor).get(url)) == [lesson.pk]
            url = f"{LESSONS}?from=2026-03-02T15:00:00{sign}{offset}&to=2026-03-03T00:00:00Z"
            assert ids(api(tutor).get(url)) == []


def test_plain_date_is_midnight_in_the_users_zone(api, tutor, student):
    late = make_lesson(tutor, student, datetime(2026, 3, 1, 22, 30, tzinfo=UTC))
    assert ids(get_range(api(tutor), "2026-03-02", "2026-03-03")) == [late.pk]  # 00:30 in Kyiv
    tutor.timezone = "America/New_York"
    tutor.save()
    assert ids(get_range(api(tutor), "2026-03-02", "2026-03-03")) == []
    assert ids(get_range(api(tutor), "2026-03-01", "2026-03-02")) == [late.pk]


@pytest.mark.parametrize(
    ("zone", "day", "next_day", "hours"),
    [
        ("Europe/Kyiv", "2026-03-29", "2026-03-30", 23),
        ("Europe/Kyiv", "2026-10-25", "2026-10-26", 25),
        ("America/Havana", "2026-03-08", "2026-03-09", 23),  # midnight is skipped
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-06", 24.5),
    ],
)
def test_day_of_clock_change_has_its_actual_length(api, student, zone, day, next_day, hours):
    tutor = make_user("tutor", timezone=zone)
    midnight = datetime.fromisoformat(day).replace(tzinfo=tutor.zone).astimezone(UTC)
    before = make_lesson(tutor, student, midnight - HOUR)
    first = make_lesson(tutor, student, midnight)
    last = make_lesson(tutor, student, midnight + (hours - 1) * HOUR)
    after = make_lesson(tutor, student, midnight + hours * HOUR)
    assert ids(get_range(api(tutor), day, next_day)) == [first.pk, last.pk]
    assert {before.pk, after.pk}.isdisjoint(ids(get_range(api(tutor), day, next_day)))


def test_range_of_366_days_is_accepted_and_367_refused(api, tutor):
    assert get_range(api(tutor), "2026-01-01", "2027-01-02").status_code == 200
    response = get_range(api(tutor), "2026-01-01", "2027-01-03")
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert set(response.json()["fields"]) == {"to"}


def test_range_of_366_dates_over_a_clock_change_is_accepted(api, tutor):
    """A range of 366 dates that ends in winter time is an hour longer than 366 days."""
    assert get_range(api(tutor), "2026-10-25", "2027-10-26").status_code == 200
    response = get_range(api(tutor), "2026-01-01T00:00:00Z", "2027-01-02T00:00:01Z")
    assert response.status_code == 400


def test_cancelled_lessons_are_listed_only_on_request(api, tutor, lesson):
    api(tutor).post(f"{LESSONS}/{lesson.pk}/cancel/")
    assert ids(get_range(api(tutor))) == []
    assert ids(get_range(api(tutor), include_cancelled="false")) == []
    assert ids(get_range(api(tutor), include_cancelled="true")) == [lesson.pk]


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
def test_invalid_range_names_the_parameter(api, tutor, query, names):
    response = api(tutor).get(LESSONS, query)
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert set(response.json()["fields"]) == names


# The room


def test_tutor_and_student_get_the_room(api, tutor, student, lesson):
    for person in (tutor, student):
        response = api(person).get(f"{LESSONS}/{lesson.pk}/room/")
        assert response.status_code == 200
        assert response.json() == {"lesson_id": lesson.pk, "session_uuid": str(lesson.session.uuid)}


def test_missing_session_is_created_once(api, tutor, student, lesson):
    ClassroomSession.objects.all().delete()
    first = api(student).get(f"{LESSONS}/{lesson.pk}/room/").json()["session_uuid"]
    assert api(tutor).get(f"{LESSONS}/{lesson.pk}/room/").json()["session_uuid"] == first
    assert str(ClassroomSession.objects.get().uuid) == first == str(uuid.UUID(first))


def test_others_get_no_room_and_create_no_session(api, other_tutor, stranger, staff, lesson):
    ClassroomSession.objects.all().delete()
    for person in (other_tutor, stranger, staff):
        response = api(person).get(f"{LESSONS}/{lesson.pk}/room/")
        assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    assert not ClassroomSession.objects.exists()


def test_room_of_missing_lesson_is_not_found(api, tutor, lesson):
    response = api(tutor).get(f"{LESSONS}/{lesson.pk + 1}/room/")
    assert (response.status_code, response.json()["error"]) == (404, "lesson_not_found")


def test_lesson_without_session_is_listed_with_null(api, tutor, lesson):
    ClassroomSession.objects.all().delete()
    assert get_range(api(tutor)).json()["results"][0]["session_uuid"] is None


# Invites


def invite(client, lesson, **body):
    return client.post(f"{LESSONS}/{lesson.pk}/invite/", body)


def resolve(client, token):
    return client.get(RESOLVE, {"token": token})


def test_tutor_creates_invite_for_a_day(api, tutor, lesson, settings):
    before = timezone.now()
    response = invite(api(tutor), lesson)
    assert response.status_code == 200
    assert set(response.json()) == {"invite_url", "expires_at", "token"}
    token = response.json()["token"]
    assert response.json()["invite_url"] == f"{settings.PUBLIC_URL}/invite/{token}"
    left = datetime.fromisoformat(response.json()["expires_at"]) - before
    assert timedelta(seconds=86395) < left < timedelta(seconds=86405)


def test_any_signed_in_user_resolves_invite(api, tutor, stranger, other_tutor, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    for person in (stranger, other_tutor, tutor):
        response = resolve(api(person), token)
        assert response.status_code == 200
        assert response.json() == {"lesson_id": lesson.pk, "session_uuid": str(lesson.session.uuid)}


def test_resolve_without_sign_in_is_refused(api, tutor, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    assert resolve(api(), token).status_code == 401


def test_resolve_creates_missing_session(api, tutor, stranger, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    ClassroomSession.objects.all().delete()
    response = resolve(api(stranger), token)
    assert response.json()["session_uuid"] == str(ClassroomSession.objects.get().uuid)


def test_expired_invite_has_the_body_of_the_contract(api, tutor, stranger, lesson):
    long_ago = timezone.now() - timedelta(hours=2)
    token = make_invite(lesson=lesson, ttl_seconds=3600, now=long_ago).token
    response = resolve(api(stranger), token)
    assert response.status_code == 410
    assert response.json() == {"error": "invite_expired", "detail": "Invite expired"}
    student = make_user("student", locale="uk")
    spoken = api(student).get(RESOLVE, {"token": token}, headers={"Accept-Language": "uk"})
    assert spoken.json() == {"error": "invite_expired", "detail": "Invite expired"}


@pytest.mark.parametrize(
    "token", [None, "", "x", "a.b.c", "..", "a.b", "\x00", "é.é.é", "x" * 9999]
)
def test_malformed_token_is_invite_invalid(api, stranger, token):
    response = api(stranger).get(RESOLVE, {} if token is None else {"token": token})
    assert (response.status_code, response.json()["error"]) == (400, "invite_invalid")
    assert set(response.json()) == {"error", "detail"}


def test_only_tutor_of_lesson_creates_invites(api, student, other_tutor, stranger, staff, lesson):
    for person in (student, other_tutor, stranger, staff):
        response = invite(api(person), lesson)
        assert (response.status_code, response.json()["error"]) == (403, "forbidden")


def test_invite_to_missing_lesson_is_not_found(api, tutor, lesson):
    response = api(tutor).post(f"{LESSONS}/{lesson.pk + 1}/invite/")
    assert (response.status_code, response.json()["error"]) == (404, "lesson_not_found")
