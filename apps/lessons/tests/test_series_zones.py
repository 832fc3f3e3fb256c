"""Series and time zones: new rules of a zone, and mail before a clock change."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from apps.common.models import MailMessage
from apps.lessons.models import Lesson
from apps.lessons.series.announcements import announce_local_times
from apps.lessons.tests.test_zone_changes import abolish_summer_time, tz_files  # noqa: F401
from apps.lessons.zone_changes import check_zones
from tests.builders import HOUR, make_classroom, make_lesson, make_series, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRST = datetime(2026, 6, 8, 14, tzinfo=UTC)  # 17:00 in Kyiv
WEEK = timedelta(days=7)


@pytest.fixture
def tutor(db):
    return make_user("tutor", "Тарас", "Вчитель", timezone="Europe/Kyiv", locale="en")


@pytest.fixture
def series(tutor, student):
    make_classroom(tutor, student)
    start = datetime.fromisoformat("2026-06-08T17:00")
    return make_series(tutor, student, starts_at=start, rrule="FREQ=WEEKLY;COUNT=3")


def lessons(series):
    return list(Lesson.objects.filter(series=series).order_by("original_starts_at"))


@pytest.fixture
def run(tz_files, django_capture_on_commit_callbacks):  # noqa: F811
    """Let Kyiv abolish summer time, as Ukraine's parliament decided in 2024."""

    def check():
        assert check_zones(NOW) == 0
        abolish_summer_time(tz_files)
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            return check_zones(NOW + HOUR)

    return check


def test_lessons_of_a_series_keep_their_wall_clock_time(run, series, student, tutor):
    assert run() == 0
    found = lessons(series)
    assert [each.starts_at for each in found] == [FIRST + HOUR + n * WEEK for n in range(3)]
    assert [each.original_starts_at for each in found] == [each.starts_at for each in found]
    assert series.recurrence.occurrences() == [each.starts_at for each in found]
    assert sorted(message.to[0] for message in mail.outbox) == sorted([student.email, tutor.email])
    assert check_zones(NOW + 2 * HOUR) == 0
    assert len(mail.outbox) == 2


def test_exception_keeps_its_instant_and_is_mailed(run, series):
    Lesson.objects.filter(pk=lessons(series)[1].pk).update(
        starts_at=FIRST + WEEK + 4 * HOUR, ends_at=FIRST + WEEK + 5 * HOUR
    )
    assert run() == 1
    second = lessons(series)[1]
    assert second.starts_at == FIRST + WEEK + 4 * HOUR
    assert second.original_starts_at == FIRST + WEEK + HOUR


def test_lesson_whose_new_time_is_taken_stays_and_says_so(run, series, tutor, student):
    make_lesson(tutor, student, FIRST + WEEK + HOUR)
    run()
    assert [each.starts_at for each in lessons(series)] == [
        FIRST + HOUR,
        FIRST + WEEK,
        FIRST + 2 * WEEK + HOUR,
    ]
    about_series = [message for message in mail.outbox if "series" in message.subject]
    assert "could not move" in about_series[0].body


def test_two_series_in_a_row_move_together(run, series, tutor, student):
    start = datetime.fromisoformat("2026-06-08T18:00")
    other = make_series(tutor, student, starts_at=start, rrule="FREQ=WEEKLY;COUNT=3")
    run()
    assert [each.starts_at for each in lessons(series)] == [
        FIRST + HOUR + n * WEEK for n in range(3)
    ]
    assert lessons(other)[0].starts_at == FIRST + 2 * HOUR


# Mail before a clock change


@pytest.fixture
def across(settings, tutor, student):
    """A series across the clock changes of Kyiv (25 October) and Toronto (1 November)."""
    settings.EMAIL_URL = "smtp://mail.example"
    student.timezone = "America/Toronto"
    student.locale = "en"
    student.save()
    make_classroom(tutor, student)
    start = datetime.fromisoformat("2026-09-07T17:00")
    return make_series(
        tutor, student, starts_at=start, title="Algebra", rrule="FREQ=WEEKLY;COUNT=20"
    )


def test_both_are_told_two_weeks_before(across, tutor, student):
    assert announce_local_times(datetime(2026, 10, 10, 12, tzinfo=UTC)) == 0
    assert announce_local_times(datetime(2026, 10, 11, 12, tzinfo=UTC)) == 2
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert "From 26 October your lesson is at 11:00 instead of 10:00." in bodies[student.email]
    assert "From 26 October this is 11:00 instead of 10:00" in bodies[tutor.email]
    assert all("Algebra" in body for body in bodies.values())


def test_each_clock_change_is_told_once(across, settings):
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"
    queued = []
    for day in range(8, 31):
        announce_local_times(datetime(2026, 10, day, 12, tzinfo=UTC))
        queued.append(MailMessage.objects.count())
    assert queued == [0] * 3 + [2] * 7 + [4] * 13


def test_series_at_other_hours_are_in_the_same_mail(across, tutor, student):
    """Of the two, one has its first lesson after the change within a day, the other does not."""
    start = datetime.fromisoformat("2026-09-07T05:00")
    make_series(tutor, student, starts_at=start, title="Early", rrule="FREQ=WEEKLY;COUNT=20")
    mail.outbox.clear()
    assert announce_local_times(datetime(2026, 10, 18, 12, tzinfo=UTC)) == 4
    about_toronto = [each for each in mail.outbox if "1 November" in each.subject]
    assert sorted(each.to[0] for each in about_toronto) == sorted([student.email, tutor.email])
    assert all("Algebra" in each.body and "Early" in each.body for each in about_toronto)


def test_day_of_a_clock_change_is_that_of_its_zone(across, student):
    """In Sydney the clocks change on 4 October, when it is still 3 October in UTC."""
    student.timezone = "Australia/Sydney"
    student.save()
    mail.outbox.clear()
    announce_local_times(datetime(2026, 9, 25, 12, tzinfo=UTC))
    assert {each.subject for each in mail.outbox} == {
        "After the clock change on 4 October, lessons are at another local time"
    }


def test_students_in_the_same_zone_are_not_told(across, student):
    student.timezone = "Europe/Warsaw"
    student.save()
    assert announce_local_times(datetime(2026, 10, 18, 12, tzinfo=UTC)) == 0


def test_cancelled_lessons_are_not_announced(across):
    Lesson.objects.update(status="cancelled")
    assert announce_local_times(datetime(2026, 10, 18, 12, tzinfo=UTC)) == 0
