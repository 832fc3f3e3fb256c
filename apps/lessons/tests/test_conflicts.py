"""Overlapping lessons are refused unless the tutor allows it."""

import pytest

from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_user, without_year

pytestmark = pytest.mark.django_db
URL = "/api/lessons/"


@pytest.fixture
def schedule(api):
    def post(tutor, student, starts_at, ends_at, headers=None, **more):
        times = {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
        return api(tutor).post(URL, {"student_id": student.pk, **times, **more}, headers=headers)

    return post


@pytest.fixture
def classmate(classroom):
    return make_classroom(classroom.tutor, make_user("student")).memberships.get().student


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (-0.5, 0.5), (0.5, 1.5), (0.25, 0.75), (-1, 2), (-1, 1 / 3600), (3599 / 3600, 2)],
)
def test_overlap_of_tutor_is_a_conflict(schedule, tutor, classmate, lesson, start, end):
    response = schedule(tutor, classmate, NOON + start * HOUR, NOON + end * HOUR)
    assert (response.status_code, response.json()["error"]) == (409, "lesson_conflict")
    assert set(response.json()) == {"error", "detail"}
    assert Lesson.objects.count() == 1


@pytest.mark.parametrize("hours", [-1, 1])
def test_adjacent_lessons_do_not_conflict(schedule, tutor, student, lesson, hours):
    response = schedule(tutor, student, NOON + hours * HOUR, NOON + (hours + 1) * HOUR)
    assert response.status_code == 201


def test_overlap_of_student_with_another_tutor_is_a_conflict(
    schedule, other_tutor, student, lesson
):
    make_classroom(other_tutor, student)
    response = schedule(other_tutor, student, NOON + HOUR / 2, NOON + 2 * HOUR)
    assert (response.status_code, response.json()["error"]) == (409, "lesson_conflict")


def test_allow_overlap_permits_double_booking(schedule, tutor, classmate, lesson):
    response = schedule(tutor, classmate, NOON, NOON + HOUR, allow_overlap=True)
    assert response.status_code == 201
    assert Lesson.objects.count() == 2


def test_allow_overlap_false_or_null_refuses_double_booking(schedule, tutor, classmate, lesson):
    for flag in (False, None):
        response = schedule(tutor, classmate, NOON, NOON + HOUR, allow_overlap=flag)
        assert response.status_code == 409


def test_cancelled_lesson_frees_its_time(api, schedule, tutor, student, lesson):
    api(tutor).post(f"{URL}{lesson.pk}/cancel/")
    assert schedule(tutor, student, NOON, NOON + HOUR).status_code == 201


def test_completed_lesson_keeps_its_time(schedule, tutor, student, lesson):
    Lesson.objects.update(status="completed")
    assert schedule(tutor, student, NOON, NOON + HOUR).status_code == 409


def test_conflict_detail_is_in_the_tutors_time_zone(schedule, tutor, classmate, lesson):
    detail = schedule(tutor, classmate, NOON, NOON + HOUR / 2).json()["detail"]
    assert "Monday, 2 March, 14:00–15:00 (Kyiv)" in without_year(detail)


def test_conflict_detail_is_in_the_readers_language(schedule, tutor, classmate, lesson):
    answer = schedule(tutor, classmate, NOON, NOON + HOUR / 2, headers={"Accept-Language": "uk"})
    assert "понеділок, 2 березня, 14:00–15:00 (Київ)" in without_year(answer.json()["detail"])


def test_conflict_discloses_nothing_about_another_tutors_lesson(
    schedule, tutor, other_tutor, student
):
    make_classroom(tutor, student)
    make_lesson(other_tutor, student, NOON - 3 * HOUR, 6 * HOUR, title="Secret chess")
    detail = schedule(tutor, student, NOON, NOON + HOUR).json()["detail"]
    assert "2 March, 14:00–15:00" in without_year(
        detail
    )  # the requested time, not the lesson's 11:00–17:00
    for secret in ("Secret", "chess", "Other", "Tutor", "11:00", "17:00", other_tutor.email):
        assert secret not in detail


def test_move_with_allow_overlap_permits_double_booking(api, tutor, student, lesson):
    other = make_lesson(tutor, student, NOON + 3 * HOUR)
    times = {"starts_at": NOON.isoformat(), "ends_at": (NOON + HOUR).isoformat()}
    url = f"{URL}{other.pk}/"
    assert api(tutor).patch(url, times).status_code == 409
    assert api(tutor).patch(url, {**times, "allow_overlap": True}).status_code == 200


def test_rename_of_double_booked_lesson_is_no_conflict(api, schedule, tutor, student, lesson):
    double = schedule(tutor, student, NOON, NOON + HOUR, allow_overlap=True).json()
    response = api(tutor).patch(f"{URL}{double['id']}/", {"title": "Both"})
    assert (response.status_code, response.json()["title"]) == (200, "Both")
