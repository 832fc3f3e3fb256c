"""Series without end keep twelve months of lessons ahead."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from apps.classroom.models import ClassroomSession
from apps.lessons.models import Lesson, SeriesStudent
from apps.lessons.series import horizon
from apps.lessons.series.horizon import extend_open_series
from tests.builders import HOUR, make_lesson, make_membership, make_series, make_user

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
NOW = datetime.now(UTC)


@pytest.fixture
def series(tutor, student, classroom):
    start = (NOW + timedelta(days=1)).replace(tzinfo=None, hour=17, minute=0, second=0)
    return make_series(tutor, student, starts_at=start.replace(microsecond=0), rrule="FREQ=WEEKLY")


def last_of(series):
    return Lesson.objects.filter(series=series).in_order().last()


def test_each_week_adds_a_lesson_with_its_room(series):
    before = last_of(series)
    assert extend_open_series(NOW) == 0
    assert extend_open_series(NOW + 2 * WEEK) == 2
    local = last_of(series).starts_at.astimezone(series.recurrence.zone)
    assert local.hour == 17
    assert timedelta(days=13) < last_of(series).starts_at - before.starts_at < timedelta(days=15)
    assert ClassroomSession.objects.count() == Lesson.objects.count()
    assert extend_open_series(NOW + 2 * WEEK) == 0


def test_clash_is_skipped_and_told_to_the_tutor_once(
    series, tutor, student, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://mail.example"
    taken = make_lesson(tutor, student, last_of(series).starts_at + WEEK + HOUR / 2)
    with django_capture_on_commit_callbacks(execute=True):
        assert extend_open_series(NOW + 2 * WEEK) == 1
        assert extend_open_series(NOW + 2 * WEEK) == 0
    [message] = mail.outbox
    assert message.to == [tutor.email]
    assert "Коваль" in message.body
    series.refresh_from_db()
    [skipped] = series.skipped
    assert abs(datetime.fromisoformat(skipped["starts_at"]) - taken.starts_at) < 2 * HOUR


def test_clash_with_another_tutors_lesson_is_skipped(series, other_tutor, student):
    make_lesson(other_tutor, student, last_of(series).starts_at + WEEK)
    assert extend_open_series(NOW + 2 * WEEK) == 1
    series.refresh_from_db()
    assert len(series.skipped) == 1


def test_series_waits_while_its_student_is_not_active(series, classroom):
    membership = classroom.memberships.get()
    membership.status = "paused"
    membership.save()
    assert extend_open_series(NOW + 2 * WEEK) == 0
    membership.status = "active"
    membership.save()
    assert extend_open_series(NOW + 2 * WEEK) == 2


def test_cancelled_and_ended_series_get_no_lessons(series, api, tutor):
    lesson = Lesson.objects.filter(series=series).in_order().first()
    api(tutor).post(f"/api/lessons/{lesson.pk}/cancel/", {"scope": "all"})
    assert extend_open_series(NOW + 2 * WEEK) == 0


def test_moved_series_goes_on_at_its_new_time(series, api, tutor):
    lesson = Lesson.objects.filter(series=series).in_order()[4]
    times = {"starts_at": lesson.starts_at + 2 * HOUR, "ends_at": lesson.ends_at + 2 * HOUR}
    sent = {name: value.isoformat() for name, value in times.items()}
    moved = api(tutor).patch(f"/api/lessons/{lesson.pk}/", {**sent, "scope": "following"})
    assert moved.status_code == 200
    assert extend_open_series(NOW + 2 * WEEK) == 2
    later = Lesson.objects.get(pk=lesson.pk).series
    assert last_of(later).starts_at.astimezone(later.recurrence.zone).hour == 19


def test_new_student_is_in_new_lessons(series, api, tutor, classroom):
    friend = make_user("student")
    classroom.memberships.create(student=friend, status="active", joined_at=NOW)
    lesson = Lesson.objects.filter(series=series).in_order().first()
    sent = {"student_id": friend.pk, "scope": "all"}
    assert api(tutor).post(f"/api/lessons/{lesson.pk}/students/", sent).status_code == 200
    extend_open_series(NOW + WEEK)
    assert last_of(series).participants.count() == 2


def test_series_waits_for_the_next_run_when_somebody_joins_it_meanwhile(
    series, tutor, classroom, monkeypatch
):
    other = make_user("student")
    make_membership(classroom, other)
    lock = horizon.lock_people

    def join_first(ids):
        people = lock(ids)
        SeriesStudent.objects.get_or_create(series=series, student=other)
        return people

    monkeypatch.setattr(horizon, "lock_people", join_first)
    assert extend_open_series(NOW + 2 * WEEK) == 0
    assert extend_open_series(NOW + 2 * WEEK) == 2
    assert last_of(series).participants.count() == 2
