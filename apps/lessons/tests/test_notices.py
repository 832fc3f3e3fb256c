"""Mail to the student about a changed lesson."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.lessons import notices
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_user, without_year

AMBIGUOUS = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 03:30 in Kyiv for the first time


@pytest.fixture(autouse=True)
def _sends_mail(settings):
    settings.EMAIL_URL = "memory://"


@pytest.fixture
def change(api, tutor, mailoutbox, django_capture_on_commit_callbacks):
    def patch(lesson, **fields):
        sent = {name: getattr(v, "isoformat", lambda v=v: v)() for name, v in fields.items()}
        with django_capture_on_commit_callbacks(execute=True):
            response = api(tutor).patch(f"/api/lessons/{lesson.pk}/", sent)
        assert response.status_code == 200, response.content
        for each in mailoutbox:
            each.subject, each.body = without_year(each.subject), without_year(each.body)
        return mailoutbox

    return patch


@pytest.fixture
def reader(student):
    student.locale = "en"
    student.save()
    return student


def test_mail_of_moved_lesson_has_old_and_new_time(change, reader, lesson):
    [mail] = change(lesson, starts_at=NOON + 2 * HOUR, ends_at=NOON + 3 * HOUR)
    assert mail.subject.endswith("has moved: Monday, 2 March, 16:00–17:00 (Kyiv)")
    assert "Before: Monday, 2 March, 14:00–15:00 (Kyiv)" in mail.body
    assert "Now: Monday, 2 March, 16:00–17:00 (Kyiv)" in mail.body


@pytest.mark.parametrize("minutes", [30, 90])
def test_mail_of_new_end_does_not_say_moved(change, reader, lesson, minutes):
    end = NOON + timedelta(minutes=minutes)
    [mail] = change(lesson, ends_at=end)
    assert "moved" not in mail.subject + mail.body
    assert f"now ends at {reader.to_local_time(end):%H:%M}" in mail.subject
    assert "Before: Monday, 2 March, 14:00–15:00" in mail.body


def test_mail_of_new_start_says_moved(change, reader, lesson):
    [mail] = change(lesson, starts_at=NOON + HOUR / 2)
    assert "has moved: Monday, 2 March, 14:30–15:00" in mail.subject


def test_new_title_sends_no_mail(change, reader, lesson):
    assert change(lesson, title="Sets") == []


def test_same_values_send_no_mail(change, reader, lesson):
    assert change(lesson, title="", starts_at=NOON, ends_at=NOON + HOUR) == []
    assert change(lesson) == []


def test_mail_is_in_the_readers_language_and_zone(change, tutor):
    abroad = make_user("student", timezone="America/Toronto", locale="uk")
    make_classroom(tutor, abroad)
    [mail] = change(make_lesson(tutor, abroad), starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    assert "перенесено: понеділок, 2 березня, 08:00–09:00" in mail.subject
    assert "Було: понеділок, 2 березня, 07:00–08:00 (Торонто)" in mail.body
    assert "Стало: понеділок, 2 березня, 08:00–09:00 (Торонто)" in mail.body


def test_mail_of_ambiguous_time_has_the_offset(change, tutor, reader):
    make_classroom(tutor, reader)
    [mail] = change(
        make_lesson(tutor, reader, AMBIGUOUS),
        starts_at=AMBIGUOUS + HOUR,
        ends_at=AMBIGUOUS + 2 * HOUR,
    )
    assert "Before: Sunday, 25 October, 03:30 (UTC+3)–03:30 (UTC+2)" in mail.body
    assert "Now: Sunday, 25 October, 03:30 (UTC+2)–04:30 (UTC+2)" in mail.body


def test_mail_of_lesson_over_midnight_has_both_dates(change, reader, lesson):
    late = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)
    [mail] = change(lesson, starts_at=late, ends_at=late + HOUR)
    assert "Monday, 2 March, 23:30 – Tuesday, 3 March, 00:30" in mail.subject


def test_last_mail_of_the_day_announces_the_limit(change, reader, lesson, monkeypatch):
    monkeypatch.setattr(notices, "MAX_PER_DAY", 3)
    for hours in range(1, 6):
        mails = change(lesson, starts_at=NOON + hours * HOUR, ends_at=NOON + (hours + 1) * HOUR)
    assert ["no more e-mails" in mail.body for mail in mails] == [False, False, True]
    assert "/calendar/" in mails[-1].body


def test_mail_limit_is_counted_per_tutor(change, reader, lesson, other_tutor, monkeypatch):
    monkeypatch.setattr(notices, "MAX_PER_DAY", 1)
    change(lesson, starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    make_classroom(other_tutor, reader)
    notices.notify_lesson_scheduled(make_lesson(other_tutor, reader, NOON + 9 * HOUR), [reader])
    assert len(change(lesson, starts_at=NOON + 2 * HOUR, ends_at=NOON + 3 * HOUR)) == 2


def test_mail_is_sent_without_a_calendar_part_that_cannot_be_written(
    change, reader, lesson, monkeypatch, log_lines
):
    def fail(*_args, **_kwargs):
        raise ValueError("icalendar")

    monkeypatch.setattr("apps.lessons.itip.build_request", fail)
    [mail] = change(lesson, starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    assert [each.mimetype for each in mail.alternatives] == ["text/html"]
    assert "could not write a calendar message" in [line["message"] for line in log_lines()]
