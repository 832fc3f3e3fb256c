"""A lesson that its tutor ends takes up nobody's time from then on."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from apps.classroom.services import end_lesson
from apps.lessons.models import Lesson
from conftest import HOUR, NOON, make_classroom, make_lesson, make_user

HALF = NOON + HOUR / 2


@pytest.fixture
def ended(lesson):
    end_lesson(session_id=lesson.session.pk, now=HALF)
    lesson.refresh_from_db()
    return lesson


def schedule(api, tutor, student, start, length=HOUR / 2):
    times = {"starts_at": start.isoformat(), "ends_at": (start + length).isoformat()}
    return api(tutor).post("/api/lessons/", {"student_id": student.pk, **times})


def test_planned_end_stays_for_the_record(ended):
    assert (ended.status, ended.ended_at, ended.ends_at) == ("completed", HALF, NOON + HOUR)


def test_rest_of_its_time_is_free_for_both(api, ended, tutor, student, other_tutor):
    make_classroom(other_tutor, student)
    assert schedule(api, other_tutor, student, HALF).status_code == 201
    other = make_user("student")
    make_classroom(tutor, other)
    assert schedule(api, tutor, other, HALF).status_code == 201


def test_time_before_it_was_ended_is_taken(api, ended, tutor, student):
    answer = schedule(api, tutor, student, HALF - timedelta(minutes=5))
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_conflict")
    assert "14:00–14:30" in answer.json()["detail"]


@pytest.mark.parametrize("ended_at", [NOON - HOUR, NOON])
def test_lesson_ended_before_it_began_takes_up_no_time(api, lesson, tutor, student, ended_at):
    end_lesson(session_id=lesson.session.pk, now=ended_at)
    assert schedule(api, tutor, student, NOON - HOUR / 4, HOUR).status_code == 201


def test_lesson_ended_late_takes_up_its_planned_time(api, lesson, tutor, student):
    end_lesson(session_id=lesson.session.pk, now=NOON + 2 * HOUR)
    assert schedule(api, tutor, student, NOON + HOUR).status_code == 201
    assert schedule(api, tutor, student, HALF).status_code == 409


def copy(lesson, start, **fields):
    made = {"tutor_id": lesson.tutor_id, "student_id": lesson.student_id}
    made |= {"classroom_id": lesson.classroom_id, "starts_at": start, "ends_at": start + HOUR / 2}
    with transaction.atomic():
        Lesson.objects.bulk_create([Lesson(**made, **fields)])


def test_database_holds_the_time_until_the_end_and_not_after(ended):
    copy(ended, HALF)
    with pytest.raises(IntegrityError):
        copy(ended, HALF - timedelta(minutes=31))
    copy(ended, NOON, status="completed", ended_at=NOON)


def test_database_refuses_to_take_freed_time_back(ended):
    copy(ended, HALF)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lesson.objects.filter(pk=ended.pk).update(ended_at=None)


@pytest.mark.parametrize("status", ["scheduled", "cancelled"])
def test_only_a_completed_lesson_has_ended(lesson, status):
    with pytest.raises(IntegrityError), transaction.atomic():
        Lesson.objects.filter(pk=lesson.pk).update(status=status, ended_at=HALF)


def test_ended_lesson_can_still_be_mended_or_cancelled(api, ended, tutor):
    url = f"/api/lessons/{ended.pk}/"
    later = {"ends_at": (NOON + 2 * HOUR).isoformat()}
    assert api(tutor).patch(url, later).status_code == 200
    ended.refresh_from_db()
    assert ended.ended_at is None
    Lesson.objects.update(ended_at=HALF)
    assert api(tutor).post(f"{url}cancel/").status_code == 200


def test_moving_back_into_freed_time_is_a_conflict(api, ended, tutor, student):
    taken = schedule(api, tutor, student, HALF).json()
    answer = api(tutor).patch(
        f"/api/lessons/{ended.pk}/", {"ends_at": (NOON + 2 * HOUR).isoformat()}
    )
    assert answer.status_code == 409
    assert Lesson.objects.filter(pk=taken["id"]).exists()


def test_page_says_when_it_was_ended(client, ended, tutor):
    tutor.locale = "en"
    tutor.save()
    client.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/lessons/{ended.pk}/").content.decode()
    assert "<dt>Ended</dt>" in page
    assert "14:30" in page


def test_lesson_that_ends_by_itself_keeps_its_time(tutor, student):
    lesson = make_lesson(tutor, student)
    lesson.complete()
    lesson.refresh_from_db()
    assert (lesson.status, lesson.ended_at) == ("completed", None)
