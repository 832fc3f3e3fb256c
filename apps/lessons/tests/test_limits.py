"""Limits on the hours of one tutor with one student."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.lessons import limits, queries
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom, make_user

URL = "/api/lessons/"


@pytest.fixture
def monday(student, classroom):
    """Midnight of the Monday after next in the student's time zone."""
    now = student.to_local_time(timezone.now())
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=14 - today.weekday())


@pytest.fixture
def schedule(api, tutor, student):
    client = api(tutor)

    def post(start, hours=1.0, who=student, **more):
        times = {"starts_at": start.isoformat(), "ends_at": (start + hours * HOUR).isoformat()}
        return client.post(URL, {"student_id": who.pk, **times, **more})

    return post


def is_refused(response):
    body = response.json()
    return (response.status_code, body["error"], set(body.get("fields", ()))) == (
        400,
        "validation_error",
        {"starts_at"},
    )


@pytest.mark.parametrize("overlap", [False, True])
def test_more_than_twelve_hours_a_day_with_one_student_are_refused(schedule, monday, overlap):
    assert schedule(monday, 7, allow_overlap=overlap).status_code == 201
    later = monday if overlap else monday + 8 * HOUR
    assert is_refused(schedule(later, 5.5, allow_overlap=overlap))
    assert schedule(later, 5, allow_overlap=overlap).status_code == 201
    assert is_refused(schedule(monday + 15 * HOUR, 0.25, allow_overlap=overlap))
    assert schedule(monday + 24 * HOUR).status_code == 201


def test_more_than_sixty_hours_a_week_with_one_student_are_refused(schedule, monday):
    for day in range(5):
        assert schedule(monday + day * 24 * HOUR, 12).status_code == 201
    assert is_refused(schedule(monday + 5 * 24 * HOUR))
    assert schedule(monday + 7 * 24 * HOUR).status_code == 201
    assert schedule(monday - HOUR).status_code == 201


def test_limits_count_per_tutor_and_student(api, schedule, monday, tutor, student, other_tutor):
    assert schedule(monday, 12).status_code == 201
    classmate = make_user("student")
    make_classroom(tutor, classmate)
    assert schedule(monday + 12 * HOUR, 12, classmate).status_code == 201
    make_classroom(other_tutor, student)
    start = monday + 13 * HOUR
    times = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    assert api(other_tutor).post(URL, {"student_id": student.pk, **times}).status_code == 201


def test_cancelled_lesson_is_not_counted(api, schedule, monday, tutor):
    number = schedule(monday, 12).json()["id"]
    assert is_refused(schedule(monday + 13 * HOUR))
    api(tutor).post(f"{URL}{number}/cancel/")
    assert schedule(monday + 13 * HOUR).status_code == 201


def test_moved_lesson_is_counted_once_at_its_new_time(api, schedule, monday, tutor):
    full = schedule(monday, 12).json()["id"]
    other = schedule(monday + 30 * HOUR).json()["id"]

    def move(number, start, hours):
        end = start + hours * HOUR
        times = {"starts_at": start.isoformat(), "ends_at": end.isoformat()}
        return api(tutor).patch(f"{URL}{number}/", times)

    assert move(full, monday + HOUR, 12).status_code == 200
    assert is_refused(move(other, monday + 14 * HOUR, 1))
    assert api(tutor).patch(f"{URL}{full}/", {"title": "Sets"}).status_code == 200


def test_lesson_over_five_years_ahead_is_refused(schedule, monday):
    assert schedule(monday + timedelta(days=5 * 364)).status_code == 201
    assert is_refused(schedule(monday + timedelta(days=5 * 366)))


def test_past_lessons_are_not_limited(schedule, classroom):
    for start in (NOON, NOON + 12 * HOUR):
        assert schedule(start, 12).status_code == 201
    assert Lesson.objects.count() == 2


@pytest.mark.parametrize("start", ["past", "coming"])
def test_number_of_lessons_a_day_is_limited_with_cancelled_ones(
    start, api, schedule, monday, tutor, monkeypatch
):
    monkeypatch.setattr(limits, "MAX_NUMBER_PER_DAY", 3)
    day = NOON if start == "past" else monday
    for n in range(3):
        number = schedule(day + n * HOUR).json()["id"]
        api(tutor).post(f"{URL}{number}/cancel/")
    assert is_refused(schedule(day + 4 * HOUR))
    assert schedule(day + 24 * HOUR).status_code == 201
    assert schedule(day + 4 * HOUR, who=classmate_of(tutor)).status_code == 201


def classmate_of(tutor):
    classmate = make_user("student")
    make_classroom(tutor, classmate)
    return classmate


def test_range_with_too_many_lessons_is_refused(
    api, schedule, classroom, tutor, student, monkeypatch
):
    monkeypatch.setattr(queries, "MAX_LESSONS", 2)
    for n in range(3):
        schedule(NOON + n * HOUR)
    for person in (tutor, student):
        answer = api(person).get(f"{URL}?from=2026-03-01&to=2026-03-08")
        assert (answer.status_code, set(answer.json()["fields"])) == (400, {"to"})
        shorter = api(person).get(f"{URL}?from=2026-03-01T00:00:00Z&to=2026-03-02T14:00:00Z")
        assert len(shorter.json()["results"]) == 2
