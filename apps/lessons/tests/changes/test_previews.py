"""Previews of changes of lessons."""

from datetime import datetime

import pytest

from apps.lessons.models import Lesson
from apps.lessons.tests.changes.autumn import AUTUMN, FIRST, lessons, move, starts
from tests.builders import HOUR, make_classroom, make_lesson, make_user

pytestmark = pytest.mark.django_db


def preview(client, lesson, **sent):
    sent = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in sent.items()}
    return client.post(f"/api/lessons/{lesson.pk}/changes/preview/", sent)


def test_preview_of_a_move_lists_each_lesson_and_writes_nothing(client, tutor, student, series):
    found = lessons(series)
    move(client, found[1], 5 * HOUR, "this")
    make_lesson(tutor, student, AUTUMN[2] + 2 * HOUR)
    sent = {"starts_at": AUTUMN[0] + 2 * HOUR, "ends_at": AUTUMN[0] + 3 * HOUR}
    answer = preview(client, found[0], action="update", scope="all", **sent)
    assert answer.status_code == 200
    rows = answer.json()["changes"]
    assert [row["lesson_id"] for row in rows] == [each.pk for each in found]
    assert [row["change"] for row in rows] == ["moved", "kept", "moved", "moved"]
    assert [row["conflict"] is None for row in rows] == [True, True, False, True]
    assert rows[3]["new_starts_at"] == "2030-11-04T17:00:00Z"
    assert starts(series) == [AUTUMN[0], AUTUMN[1] + 5 * HOUR, *AUTUMN[2:]]


@pytest.mark.parametrize(("scope", "count"), [("this", 1), ("following", 3), ("all", 4)])
def test_preview_of_a_cancellation_lists_the_lessons_in_scope(client, series, scope, count):
    answer = preview(client, lessons(series)[1], action="cancel", scope=scope)
    assert [row["change"] for row in answer.json()["changes"]] == ["cancelled"] * count
    assert not Lesson.objects.filter(status="cancelled").exists()


def test_preview_of_a_new_student_names_conflicts(client, tutor, other_tutor, series):
    friend = make_user("student")
    make_classroom(tutor, friend)
    make_lesson(other_tutor, friend, AUTUMN[2])
    sent = {"action": "add_student", "student_id": friend.pk}
    answer = preview(client, lessons(series)[0], scope="all", **sent)
    found = [row["conflict"] is None for row in answer.json()["changes"]]
    assert found == [True, True, False, True]


def test_preview_of_a_single_lesson_names_its_conflict(client, tutor, student, classroom):
    lesson = make_lesson(tutor, student, FIRST)
    make_lesson(tutor, student, FIRST + 2 * HOUR)
    sent = {"starts_at": FIRST + 2 * HOUR, "ends_at": FIRST + 3 * HOUR}
    [row] = preview(client, lesson, action="update", **sent).json()["changes"]
    assert (row["change"], row["conflict"] is None) == ("moved", False)
