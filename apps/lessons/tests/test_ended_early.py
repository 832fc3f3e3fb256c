"""A lesson that its tutor ended occupies no time after that."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_user

HALF_TIME = NOON + HOUR / 2


@pytest.fixture
def ended(lesson):
    lesson.complete(ended_at=HALF_TIME)
    lesson.refresh_from_db()
    return lesson


def schedule(api, tutor, student, start, length=HOUR / 2):
    times = {"starts_at": start.isoformat(), "ends_at": (start + length).isoformat()}
    return api(tutor).post("/api/lessons/", {"student_id": student.pk, **times})


def test_ended_lesson_keeps_its_planned_end(ended):
    assert (ended.status, ended.ended_at, ended.ends_at) == ("completed", HALF_TIME, NOON + HOUR)


def test_time_after_the_actual_end_is_free_for_tutor_and_student(
    api, ended, tutor, student, other_tutor
):
    make_classroom(other_tutor, student)
    assert schedule(api, other_tutor, student, HALF_TIME).status_code == 201
    other = make_user("student")
    make_classroom(tutor, other)
    assert schedule(api, tutor, other, HALF_TIME).status_code == 201


def test_time_before_the_actual_end_is_a_conflict(api, ended, tutor, student):
    response = schedule(api, tutor, student, HALF_TIME - timedelta(minutes=5))
    assert (response.status_code, response.json()["error"]) == (409, "lesson_conflict")
    assert "14:00–14:30" in response.json()["detail"]


@pytest.mark.parametrize("ended_at", [NOON - HOUR, NOON])
def test_lesson_ended_before_its_start_occupies_no_time(api, lesson, tutor, student, ended_at):
    lesson.complete(ended_at=ended_at)
    assert schedule(api, tutor, student, NOON - HOUR / 4, HOUR).status_code == 201


def test_lesson_ended_late_occupies_its_planned_time(api, lesson, tutor, student):
    lesson.complete(ended_at=NOON + 2 * HOUR)
    assert schedule(api, tutor, student, NOON + HOUR).status_code == 201
    assert schedule(api, tutor, student, HALF_TIME).status_code == 409


def copy_lesson(lesson, start, **fields):
    made = {"tutor_id": lesson.tutor_id, "student_id": lesson.student_id}
    made |= {"classroom_id": lesson.classroom_id, "starts_at": start, "ends_at": start + HOUR / 2}
    with transaction.atomic():
        Lesson.objects.bulk_create([Lesson(**made, **fields)])


def test_database_refuses_overlap_only_until_the_actual_end(ended):
    copy_lesson(ended, HALF_TIME)
    with pytest.raises(IntegrityError):
        copy_lesson(ended, HALF_TIME - timedelta(minutes=31))
    copy_lesson(ended, NOON, status="completed", ended_at=NOON)


def test_database_refuses_to_reoccupy_freed_time(ended):
    copy_lesson(ended, HALF_TIME)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lesson.objects.filter(pk=ended.pk).update(ended_at=None)


@pytest.mark.parametrize("status", ["scheduled", "cancelled"])
def test_ended_at_needs_the_completed_status(lesson, status):
    with pytest.raises(IntegrityError), transaction.atomic():
        Lesson.objects.filter(pk=lesson.pk).update(status=status, ended_at=HALF_TIME)


def test_ended_lesson_can_be_changed_or_cancelled(api, ended, tutor):
    url = f"/api/lessons/{ended.pk}/"
    later = {"ends_at": (NOON + 2 * HOUR).isoformat()}
    assert api(tutor).patch(url, later).status_code == 200
    ended.refresh_from_db()
    assert ended.ended_at is None
    Lesson.objects.update(ended_at=HALF_TIME)
    assert api(tutor).post(f"{url}cancel/").status_code == 200


def test_move_back_into_freed_time_is_a_conflict(api, ended, tutor, student):
    other = schedule(api, tutor, student, HALF_TIME).json()
    response = api(tutor).patch(
        f"/api/lessons/{ended.pk}/", {"ends_at": (NOON + 2 * HOUR).isoformat()}
    )
    assert response.status_code == 409
    assert Lesson.objects.filter(pk=other["id"]).exists()


def test_lesson_page_shows_the_actual_end(client, ended, tutor):
    tutor.locale = "en"
    tutor.save()
    client.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/lessons/{ended.pk}/").content.decode()
    assert "<dt>Ended</dt>" in page
    assert "14:30" in page


def test_lesson_completed_by_itself_keeps_its_planned_time(tutor, student):
    lesson = make_lesson(tutor, student)
    lesson.complete()
    lesson.refresh_from_db()
    assert (lesson.status, lesson.ended_at) == ("completed", None)
