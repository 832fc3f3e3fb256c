"""Undoing changes of lessons."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.lessons.models import LessonChange
from apps.lessons.tests.changes.autumn import (
    AUTUMN,
    WEEK,
    lessons,
    move,
    patch,
    starts,
    state,
    undo,
)
from tests.builders import HOUR, make_classroom, make_lesson, make_user

pytestmark = pytest.mark.django_db


CHANGES = {
    "move following": lambda client, found: move(client, found[1], 2 * HOUR, title="New"),
    "move all by a week": lambda client, found: move(client, found[1], WEEK + HOUR, "all"),
    "move one": lambda client, found: move(client, found[1], 2 * HOUR, "this"),
    "rename": lambda client, found: patch(client, found[1], title="New", scope="following"),
    "cancel": lambda client, found: client.post(
        f"/api/lessons/{found[1].pk}/cancel/", {"scope": "following", "reason": "Ill"}
    ),
    "cancel one": lambda client, found: client.post(f"/api/lessons/{found[1].pk}/cancel/"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_undo_restores_lessons_and_series(client, series, name):
    move(client, lessons(series)[2], 3 * HOUR, "this")
    before = state()
    answer = CHANGES[name](client, lessons(series))
    assert answer.status_code == 200
    assert state() != before
    undone = undo(client, answer)
    assert undone.status_code == 200, undone.content
    assert state() == before


@pytest.mark.parametrize("scope", ["this", "all"])
def test_undo_restores_students(client, tutor, student, series, scope):
    friend = make_user("student")
    make_classroom(tutor, friend)
    url = f"/api/lessons/{lessons(series)[1].pk}/students/"
    before = state()
    added = client.post(url, {"student_id": friend.pk, "scope": scope})
    with_friend = state()[1]
    removed = client.delete(f"{url}{student.pk}/?scope=this")
    assert undo(client, removed).status_code == 200
    assert state()[1] == with_friend
    assert undo(client, added).status_code == 200
    assert state()[1:] == before[1:]


def test_change_is_undone_once_and_only_by_its_tutor(client, api, other_tutor, student, series):
    answer = move(client, lessons(series)[0], HOUR, "all")
    for stranger in (other_tutor, student):
        assert undo(api(stranger), answer).status_code == 404
    listed = client.get("/api/lesson-changes/").json()["results"]
    assert [(each["id"], each["lessons_count"]) for each in listed] == [
        (int(answer["Change-Id"]), 4)
    ]
    assert undo(client, answer).json() == {"lessons_count": 4}
    again = undo(client, answer)
    assert (again.status_code, again.json()["error"]) == (409, "not_undoable")
    assert client.get("/api/lesson-changes/").json()["results"] == []


def test_change_cannot_be_undone_after_a_minute(client, series, monkeypatch):
    answer = move(client, lessons(series)[0], HOUR, "all")
    later = timezone.now() + timedelta(seconds=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert undo(client, answer).json()["error"] == "not_undoable"
    assert starts(series) == [each + HOUR for each in AUTUMN]


def test_change_cannot_be_undone_once_a_lesson_has_changed_again(client, series):
    answer = move(client, lessons(series)[0], HOUR, "all")
    patch(client, lessons(series)[3], title="Since")
    assert undo(client, answer).json()["error"] == "not_undoable"


def test_change_cannot_be_undone_once_the_old_time_is_taken(client, tutor, student, series):
    answer = move(client, lessons(series)[0], 2 * HOUR, "all")
    make_lesson(tutor, student, AUTUMN[1])
    assert undo(client, answer).json()["error"] == "lesson_conflict"
    assert starts(series) == [each + 2 * HOUR for each in AUTUMN]
    assert LessonChange.objects.get(pk=answer["Change-Id"]).undone_at is None


def test_lesson_that_keeps_its_own_time_is_not_counted_as_changed(client, series):
    move(client, lessons(series)[1], 3 * HOUR, "this")
    move(client, lessons(series)[0], HOUR, "all")
    listed = client.get("/api/lesson-changes/").json()["results"]
    assert [each["lessons_count"] for each in listed] == [3, 1]
