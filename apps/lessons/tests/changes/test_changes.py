"""Changes of one, the following or all lessons of a series."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.utils import timezone

from apps.lessons import notices
from apps.lessons.models import Lesson, LessonSeries, Participant
from apps.lessons.series import scope
from apps.lessons.tests.changes.autumn import (
    AUTUMN,
    FIRST,
    KYIV_FIRST,
    URL,
    WEEK,
    lessons,
    move,
    originals,
    patch,
    starts,
    state,
    undo,
)
from tests.builders import HOUR, make_classroom, make_lesson, make_user

pytestmark = pytest.mark.django_db


def test_following_moves_by_wall_clock_and_splits_the_series(client, series):
    before = lessons(series)
    rooms = [lesson.session.uuid for lesson in before]
    answer = move(client, before[1], 2 * HOUR)
    assert answer.status_code == 200
    later = LessonSeries.objects.exclude(pk=series.pk).get()
    assert answer.json()["series_id"] == later.pk
    assert starts(series) == AUTUMN[:1]
    assert starts(later) == originals(later) == [each + 2 * HOUR for each in AUTUMN[1:]]
    after = lessons(series, later)
    assert [lesson.pk for lesson in after] == [lesson.pk for lesson in before]
    assert [lesson.session.uuid for lesson in after] == rooms
    series.refresh_from_db()
    assert (series.rrule, str(series.ends_on)) == ("FREQ=WEEKLY;UNTIL=20301020", "2030-10-20")
    assert later.starts_at == datetime.fromisoformat("2030-10-21T19:00")
    assert later.recurrence.occurrences() == starts(later)


def test_wall_clock_difference_holds_across_the_clock_change(client, series):
    """From 17:00 on Tuesday before the change to 03:30 on Sunday, which comes twice."""
    [first, *_others] = lessons(series)
    assert move(client, first, 6 * 24 * HOUR - 13.5 * HOUR, "all").status_code == 200
    assert starts(series) == [
        datetime(2030, 10, 20, 0, 30, tzinfo=UTC),
        datetime(2030, 10, 27, 0, 30, tzinfo=UTC),
        datetime(2030, 11, 3, 1, 30, tzinfo=UTC),
        datetime(2030, 11, 10, 1, 30, tzinfo=UTC),
    ]
    series.refresh_from_db()
    assert series.recurrence.occurrences() == starts(series)


@pytest.mark.parametrize("weeks", [-1, 1, 3])
def test_all_move_onto_each_others_times(client, series, weeks):
    lesson = lessons(series)[1]
    moved = move(client, lesson, weeks * WEEK if weeks < 1 else weeks * WEEK + HOUR, "all")
    assert moved.status_code == 200
    series.refresh_from_db()
    assert series.recurrence.occurrences() == starts(series) == originals(series)
    assert LessonSeries.objects.count() == 1


def test_monthly_series_moves_by_days(client, make):
    series = make(rrule="FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", starts_at="2030-10-31T17:00")
    lesson = lessons(series)[0]
    assert move(client, lesson, 24 * HOUR, "all").status_code == 200
    series.refresh_from_db()
    assert [f"{each:%m-%d}" for each in starts(series)] == ["11-01", "01-01", "02-01"]
    assert (series.day_shift, series.rrule) == (1, "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=31")
    assert series.recurrence.occurrences() == starts(series)


def test_new_end_changes_the_duration_of_all(client, series):
    lesson = lessons(series)[2]
    answer = patch(client, lesson, ends_at=lesson.ends_at + HOUR / 2, scope="all")
    assert answer.status_code == 200
    assert {each.ends_at - each.starts_at for each in lessons(series)} == {1.5 * HOUR}
    series.refresh_from_db()
    assert series.duration_minutes == 90


def test_exception_keeps_what_was_changed_by_hand(client, series):
    second, third = lessons(series)[1:3]
    assert move(client, second, 5 * HOUR, "this").status_code == 200
    assert patch(client, third, title="Test").status_code == 200
    assert move(client, lessons(series)[0], HOUR, "all", title="Geometry").status_code == 200
    found = lessons(series)
    assert [each.starts_at - old for each, old in zip(found, AUTUMN, strict=True)] == [
        HOUR,
        5 * HOUR,
        HOUR,
        HOUR,
    ]
    assert originals(series) == [each + HOUR for each in AUTUMN]
    assert [each.title for each in found] == ["Geometry", "Geometry", "Test", "Geometry"]


def test_reset_exceptions_gives_up_what_was_changed_by_hand(client, series):
    second = lessons(series)[1]
    move(client, second, 5 * HOUR, "this", title="Test")
    answer = patch(client, lessons(series)[0], scope="all", reset_exceptions=True)
    assert answer.status_code == 200
    assert starts(series) == AUTUMN
    assert {each.title for each in lessons(series)} == {"Algebra"}


def test_cancelled_occurrence_never_comes_back(client, series):
    """Other calendars bring a deleted occurrence back when its series is edited."""
    second = lessons(series)[1]
    assert client.post(f"/api/lessons/{second.pk}/cancel/").status_code == 200
    move(client, lessons(series)[0], HOUR, "all")
    move(client, lessons(series)[2], HOUR, "following", reset_exceptions=True)
    assert Lesson.objects.count() == 4
    second.refresh_from_db()
    assert (second.status, second.starts_at) == ("cancelled", AUTUMN[1])


def test_only_lessons_that_have_not_started_change(api, tutor, series, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: AUTUMN[1] + HOUR / 2)
    client = api(tutor)
    assert move(client, lessons(series)[3], HOUR, "all").status_code == 200
    past = LessonSeries.objects.exclude(pk=series.pk).get()
    assert starts(past) == AUTUMN[:2]
    assert starts(series) == [each + HOUR for each in AUTUMN[2:]]
    series.refresh_from_db()
    assert series.recurrence.occurrences() == starts(series)
    assert past.recurrence.occurrences() == starts(past)


def test_conflict_of_one_lesson_changes_none(client, tutor, student, series):
    make_lesson(tutor, student, AUTUMN[2] + 2 * HOUR)
    answer = move(client, lessons(series)[0], 2 * HOUR, "all")
    assert answer.json()["error"] == "lesson_conflict"
    [conflict] = answer.json()["conflicts"]
    assert conflict["starts_at"] == "2030-10-28T17:00:00Z"
    assert starts(series) == AUTUMN
    assert LessonSeries.objects.count() == 1
    allowed = move(client, lessons(series)[0], 2 * HOUR, "all", allow_overlap=True)
    assert allowed.status_code == 200
    assert [each.allow_overlap for each in lessons(series)] == [False, False, True, False]


def test_students_busy_elsewhere_count_only_in_lessons_that_they_attend(
    client, tutor, other_tutor, series, classroom
):
    guest = make_user("student")
    make_classroom(tutor, guest)
    second, third = lessons(series)[1:3]
    added = client.post(f"/api/lessons/{second.pk}/students/", {"student_id": guest.pk})
    assert added.status_code == 200
    make_lesson(other_tutor, guest, third.starts_at + 2 * HOUR)
    assert move(client, lessons(series)[0], 2 * HOUR, "all").status_code == 200


def test_rename_of_all_leaves_the_times(client, series):
    answer = patch(client, lessons(series)[3], title="Geometry", scope="all")
    assert answer.status_code == 200
    assert {each.title for each in lessons(series)} == {"Geometry"}
    assert starts(series) == originals(series) == AUTUMN
    series.refresh_from_db()
    assert series.title == "Geometry"


def test_cancel_following_ends_the_series(client, series):
    second = lessons(series)[1]
    url = f"/api/lessons/{second.pk}/cancel/"
    answer = client.post(url, {"scope": "following", "reason": "Holidays"})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert [each.status for each in lessons(series)] == ["scheduled"] + ["cancelled"] * 3
    assert {each.cancel_reason for each in lessons(series)[1:]} == {"Holidays"}
    series.refresh_from_db()
    assert series.recurrence.occurrences() == AUTUMN[:1]
    again = client.post(url, {"scope": "following"})
    assert (again.status_code, again.json()["error"]) == (409, "lesson_cancelled")


def test_scope_of_a_single_lesson_is_the_lesson(client, tutor, student, classroom):
    lesson = make_lesson(tutor, student, FIRST)
    assert patch(client, lesson, title="Alone", scope="all").status_code == 200
    lesson.refresh_from_db()
    assert lesson.title == "Alone"


def test_unknown_scope_is_refused(client, series):
    answer = patch(client, lessons(series)[0], title="X", scope="some")
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, ["scope"])


def test_student_joins_following_lessons_and_leaves_them(client, tutor, series):
    friend = make_user("student", "Anna", "Friend")
    make_classroom(tutor, friend)
    second = lessons(series)[1]
    url = f"/api/lessons/{second.pk}/students/"
    answer = client.post(url, {"student_id": friend.pk, "scope": "following"})
    assert answer.status_code == 200
    booked = Participant.objects.filter(student=friend)
    assert set(booked.values_list("lesson", flat=True)) == {each.pk for each in lessons(series)[1:]}
    assert series.members.filter(student=friend).exists()
    answer = client.delete(f"{url}{friend.pk}/?scope=all")
    assert answer.status_code == 200
    assert not booked.exists()
    assert not series.members.filter(student=friend).exists()


def test_first_student_of_the_lessons_can_be_removed_from_all(client, tutor, student, series):
    friend = make_user("student")
    make_classroom(tutor, friend)
    url = f"/api/lessons/{lessons(series)[0].pk}/students/"
    client.post(url, {"student_id": friend.pk, "scope": "all"})
    assert client.delete(f"{url}{student.pk}/?scope=all").status_code == 200
    assert {each.student_id for each in lessons(series)} == {friend.pk}
    assert Participant.objects.count() == 4
    last = client.delete(f"{url}{friend.pk}/?scope=all")
    assert last.json()["error"] == "validation_error"


def test_busy_student_joins_none_of_the_lessons(client, tutor, other_tutor, series):
    friend = make_user("student")
    make_classroom(tutor, friend)
    make_lesson(other_tutor, friend, AUTUMN[2])
    url = f"/api/lessons/{lessons(series)[0].pk}/students/"
    answer = client.post(url, {"student_id": friend.pk, "scope": "all"})
    assert answer.json()["error"] == "lesson_conflict"
    assert len(answer.json()["conflicts"]) == 1
    assert Participant.objects.filter(student=friend).count() == 1


def test_student_joins_a_double_booked_lesson_unless_another_tutors_is_in_the_way(
    client, tutor, student, other_tutor, make
):
    make_lesson(tutor, student, AUTUMN[1])
    series = make(on_conflict="allow")
    friend, busy = make_user("student"), make_user("student")
    make_classroom(tutor, friend, busy)
    make_lesson(other_tutor, busy, AUTUMN[1])
    lesson = lessons(series)[0]
    outcomes = {}
    for one in (friend, busy):
        sent = {"student_id": one.pk, "scope": "all"}
        preview = client.post(
            f"/api/lessons/{lesson.pk}/changes/preview/", {**sent, "action": "add_student"}
        )
        clashes = sum(row["conflict"] is not None for row in preview.json()["changes"])
        answer = client.post(f"/api/lessons/{lesson.pk}/students/", sent)
        outcomes[one] = clashes, answer.status_code
    assert outcomes == {friend: (0, 200), busy: (1, 409)}
    assert Participant.objects.filter(student=busy).count() == 1


def test_students_get_one_mail_about_all_moved_lessons(
    client, series, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://mail.example"
    with django_capture_on_commit_callbacks(execute=True):
        move(client, lessons(series)[0], HOUR, "all")
    [message] = mail.outbox
    assert message.body.count("17:00–18:00 (Київ) → ") == 4


# Another rule, and single lessons that join


def test_series_starts_again_by_a_new_rule_and_back(client, student, series):
    before = state()
    sent = {
        "from_date": "2030-10-28",
        "student_id": student.pk,
        "starts_at": "2030-10-29T18:00",
        "duration_minutes": 45,
        "rrule": "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=3",
        "timezone": "Europe/Kyiv",
    }
    answer = client.post(f"{URL}{series.pk}/restart/", sent)
    assert answer.status_code == 201
    assert [each.status for each in lessons(series)] == ["scheduled"] * 2 + ["cancelled"] * 2
    new = LessonSeries.objects.get(pk=answer.json()["id"])
    assert [f"{each:%m-%d %H:%M}" for each in starts(new)] == [
        "10-29 16:00",
        "11-01 16:00",
        "11-05 16:00",
    ]
    assert undo(client, answer).status_code == 200
    assert state() == before


def test_restart_with_a_conflict_changes_nothing(client, tutor, student, series):
    make_lesson(tutor, student, AUTUMN[3] + 24 * HOUR)
    before = state()
    sent = {
        "from_date": "2030-10-21",
        "student_id": student.pk,
        "starts_at": "2030-10-22T17:00",
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;COUNT=4",
        "timezone": "Europe/Kyiv",
    }
    assert client.post(f"{URL}{series.pk}/restart/", sent).status_code == 409
    assert state() == before
    late = client.post(f"{URL}{series.pk}/restart/", {**sent, "from_date": "2031-01-01"})
    assert [*late.json()["fields"]] == ["from_date"]


def test_single_lessons_become_occurrences_and_keep_their_rooms(client, tutor, student, make):
    single = make_lesson(tutor, student, FIRST)
    moved = make_lesson(tutor, student, FIRST + WEEK + 3 * HOUR, title="Own")
    rooms = {single.session.uuid, moved.session.uuid}
    series = make(lesson_ids=[single.pk, moved.pk])
    found = lessons(series)
    assert [each.pk for each in found[:2]] == [single.pk, moved.pk]
    assert {each.session.uuid for each in found[:2]} == rooms
    assert originals(series) == AUTUMN
    assert (found[1].starts_at, found[1].title) == (AUTUMN[1] + 3 * HOUR, "Own")


def test_lesson_of_another_date_or_series_cannot_join(client, tutor, student, make):
    series = make()
    for lesson in (make_lesson(tutor, student, FIRST + 24 * HOUR), lessons(series)[0]):
        sent = {
            "student_id": student.pk,
            "starts_at": KYIV_FIRST,
            "duration_minutes": 60,
            "rrule": "FREQ=WEEKLY;COUNT=4",
            "lesson_ids": [lesson.pk],
        }
        answer = client.post(f"{URL}preview/", sent)
        assert [*answer.json()["fields"]] == ["lesson_ids"]


def test_mails_about_series_count_for_the_daily_limit(
    client, series, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://mail.example"
    monkeypatch.setattr(notices, "MAX_PER_DAY", 2)
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            move(client, lessons(series)[0], HOUR, "all")
    first, last = mail.outbox
    assert "/calendar/" in last.body.splitlines()[-1]
    assert len(last.body) > len(first.body)


@pytest.mark.parametrize("times", [1, 3])
def test_series_moves_although_somebody_joins_it_meanwhile(
    times, client, series, classroom, monkeypatch
):
    """Somebody joins between reading who is to be locked and the locks."""
    others = [make_user("student") for _ in range(times)]
    lock = scope.lock_people

    def join_first(ids):
        if others:
            for lesson in lessons(series):
                Participant.objects.create(lesson=lesson, student=others[-1])
            others.pop()
        return lock(ids)

    monkeypatch.setattr(scope, "lock_people", join_first)
    first = lessons(series)[0]
    before = starts(series)
    assert move(client, first, HOUR, "all").status_code == 200
    assert starts(series) == [start + HOUR for start in before]
    assert others == []
