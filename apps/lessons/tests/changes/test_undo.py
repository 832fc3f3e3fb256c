"""Undoing changes of lessons."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.billing.accounts import get_account
from apps.billing.models import AccountEntry
from apps.lessons.models import Lesson, LessonChange
from apps.lessons.tests.changes.autumn import (
    AUTUMN,
    KYIV_FIRST,
    URL,
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


def post_series(client, student, **more):
    sent = {
        "student_id": student.pk,
        "starts_at": KYIV_FIRST,
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;COUNT=4",
        "timezone": "Europe/Kyiv",
        **more,
    }
    return client.post(URL, sent)


def test_new_series_is_undone(client, student, classroom):
    before = state()
    answer = post_series(client, student)
    [listed] = client.get("/api/lesson-changes/").json()["results"]
    assert (listed["kind"], listed["lessons_count"]) == ("scheduled", 4)
    assert undo(client, answer).status_code == 200
    assert state() == before


def test_single_lessons_that_joined_a_series_are_single_again(client, tutor, student, classroom):
    single = make_lesson(tutor, student, AUTUMN[0])
    moved = make_lesson(tutor, student, AUTUMN[1] + 3 * HOUR, title="Own")
    before = state()
    answer = post_series(client, student, lesson_ids=[single.pk, moved.pk])
    assert answer.status_code == 201
    assert Lesson.objects.exclude(series=None).count() == 4
    assert undo(client, answer).status_code == 200
    assert state() == before


def test_repeated_request_for_a_series_has_nothing_to_undo(client, student, classroom):
    sent = {"HTTP_IDEMPOTENCY_KEY": "k"}
    body = {
        "student_id": student.pk,
        "starts_at": KYIV_FIRST,
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;COUNT=4",
    }
    first, second = (client.post(URL, body, **sent) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert ("Change-Id" in first.headers, "Change-Id" in second.headers) == (True, False)


def test_new_series_of_which_a_lesson_was_charged_is_not_undone(client, tutor, student, classroom):
    answer = post_series(client, student)
    account, lesson = get_account(tutor, student), Lesson.objects.first()
    charge = {"kind": "lesson", "unit": "UAH", "amount": Decimal(-500), "charge_number": 1}
    AccountEntry.objects.create(account=account, lesson=lesson, **charge)
    assert undo(client, answer).json()["error"] == "not_undoable"
    assert Lesson.objects.count() == 4


def list_moves(client):
    listed = client.get("/api/lesson-changes/").json()["results"]
    return [(each["id"], each["lessons_count"]) for each in listed if each["kind"] == "moved"]


def test_change_is_undone_once_and_only_by_its_tutor(client, api, other_tutor, student, series):
    answer = move(client, lessons(series)[0], HOUR, "all")
    for stranger in (other_tutor, student):
        assert undo(api(stranger), answer).status_code == 404
    assert list_moves(client) == [(int(answer["Change-Id"]), 4)]
    assert undo(client, answer).json() == {"lessons_count": 4}
    again = undo(client, answer)
    assert (again.status_code, again.json()["error"]) == (409, "not_undoable")
    assert list_moves(client) == []


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
    assert [count for _pk, count in list_moves(client)] == [3, 1]
