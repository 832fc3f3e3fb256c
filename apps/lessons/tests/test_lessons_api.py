"""POST /api/lessons/: who may schedule with whom, and what comes of it (BE32-2)."""

import pytest

from apps.classroom.models import ClassroomSession
from conftest import HOUR, NOON, make_membership

pytestmark = pytest.mark.django_db
URL = "/api/lessons/"


def body(student, **changes):
    return {
        "student_id": student.pk,
        "starts_at": NOON.isoformat(),
        "ends_at": (NOON + HOUR).isoformat(),
        **changes,
    }


def test_tutor_schedules_a_lesson_with_its_session(api, tutor, student, classroom):
    answer = api(tutor).post(URL, body(student, title="Дроби"))
    session = ClassroomSession.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": session.lesson_id,
        "title": "Дроби",
        "starts_at": "2026-03-02T12:00:00Z",
        "ends_at": "2026-03-02T13:00:00Z",
        "status": "scheduled",
        "tutor": {"id": tutor.pk, "first_name": "Тарас", "last_name": "Вчитель"},
        "student": {"id": student.pk, "first_name": "Олена", "last_name": "Коваль"},
        "classroom_id": classroom.pk,
        "session_uuid": str(session.uuid),
    }


def test_student_may_not_schedule(api, student, classroom):
    answer = api(student).post(URL, body(student))
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


@pytest.mark.parametrize("status", ["invited", "paused", "removed"])
def test_only_an_active_membership_counts(api, tutor, stranger, classroom, status):
    make_membership(classroom, stranger, status)
    answer = api(tutor).post(URL, body(stranger))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_a_member")


def test_a_member_of_another_tutor_is_not_a_member(api, other_tutor, student, classroom):
    answer = api(other_tutor).post(URL, body(student))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_a_member")
