"""The calendar messages that are mailed to a student."""

from datetime import UTC, datetime

import pytest
from django.utils import translation
from icalendar import Calendar

from apps.lessons import itip
from apps.lessons.calendar_ids import installation_id, uid_of
from tests.builders import HOUR, NOON, make_lesson, make_user

NOW = datetime(2026, 2, 20, 9, tzinfo=UTC)


def request(lesson, student):
    return itip.build_request(lesson, student, installation=installation_id(), now=NOW)


def cancel(lesson, student):
    return itip.build_cancel(lesson, student, installation=installation_id(), now=NOW)


def read(part):
    calendar = Calendar.from_ical(part.content)
    assert calendar["METHOD"] == part.method
    [event] = calendar.walk("VEVENT")
    return event


def test_request_has_identity_and_sequence_of_the_feed(lesson, student):
    lesson.starts_at += HOUR / 2
    lesson.save()
    lesson.refresh_from_db()
    event = read(request(lesson, student))
    assert event["UID"] == uid_of(lesson, installation_id())
    assert event["SEQUENCE"] == lesson.sequence == 1
    assert (event.start, event.end) == (lesson.starts_at, lesson.ends_at)
    assert event.DTSTAMP == NOW
    assert event["STATUS"] == "CONFIRMED"


def test_addresses_of_tutor_and_other_students_are_not_told(lesson, student, tutor):
    part = request(lesson, student)
    event = read(part)
    assert tutor.email not in part.content
    assert event["ORGANIZER"] == "mailto:kreida@127.0.0.1"
    assert event["ORGANIZER"].params["CN"] == "Тарас Вчитель"
    assert event["ATTENDEE"] == f"mailto:{student.email}"


def test_attendees_are_not_asked_to_reply(lesson, student):
    attendee = read(request(lesson, student))["ATTENDEE"]
    assert (attendee.params["RSVP"], attendee.params["PARTSTAT"]) == ("FALSE", "ACCEPTED")


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_cancel_of_a_removed_student_does_not_say_that_the_lesson_is_cancelled(
    lesson, student, is_cancelled
):
    if is_cancelled:
        lesson.status = "cancelled"
    event = read(cancel(lesson, student))
    assert event.get("STATUS") == ("CANCELLED" if is_cancelled else None)
    assert event["ATTENDEE"] == f"mailto:{student.email}"


def test_message_is_in_the_language_and_zone_of_the_student(tutor):
    student = make_user("student", timezone="America/Toronto", locale="uk")
    lesson = make_lesson(tutor, student, NOON)
    with translation.override("uk"):
        part = request(lesson, student)
    assert "DTSTART;TZID=America/Toronto:20260302T070000\r\n" in part.content
    assert part.content.count("BEGIN:VTIMEZONE") == 1
    assert read(part)["SUMMARY"] == "Урок: Тарас Вчитель"


def test_names_and_titles_cannot_add_lines(lesson, student, tutor):
    hostile = 'A"\r\nATTENDEE:mailto:x@y.example\r\n;:,\\'
    lesson.title = tutor.first_name = student.last_name = hostile
    event = read(request(lesson, student))
    assert event["ATTENDEE"] == f"mailto:{student.email}"
    assert event["SUMMARY"].startswith('A"')
