"""Simultaneous requests for the room of one lesson."""

from functools import partial

import pytest

from apps.classroom.models import ClassroomSession
from tests.builders import make_lesson
from tests.races.simultaneous import (
    repeat_until,
    run_simultaneously,
    statuses,
    unique_name,
    without_constraints,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def enter_simultaneously(api, lesson, count=6):
    clients = [api(person) for person in (lesson.tutor, lesson.student) * (count // 2)]
    return run_simultaneously(*(partial(c.get, f"/api/lessons/{lesson.pk}/room/") for c in clients))


def test_simultaneous_room_requests_create_one_session(api, tutor, student):
    lesson = make_lesson(tutor, student)
    for _ in range(5):
        ClassroomSession.objects.all().delete()
        answers = enter_simultaneously(api, lesson)
        assert statuses(answers) == {200: 6}
        assert len({answer.json()["session_uuid"] for answer in answers}) == 1
        assert ClassroomSession.objects.count() == 1


def test_control_without_the_constraint_creates_several_sessions(api, tutor, student):
    lesson = make_lesson(tutor, student)

    def attempt():
        ClassroomSession.objects.all().delete()
        try:
            enter_simultaneously(api, lesson)
        except ClassroomSession.MultipleObjectsReturned:
            return True
        return ClassroomSession.objects.count() > 1

    table = "classroom_classroomsession"
    with without_constraints(unique_name(table, "lesson_id"), table=table):
        repeat_until(attempt)
