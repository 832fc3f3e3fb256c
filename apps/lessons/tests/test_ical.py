"""One lesson as an iCalendar event."""

from datetime import UTC, datetime

import pytest
from django.utils import translation
from icalendar import Calendar

from apps.lessons.calendar_ids import installation_id, uid_of
from apps.lessons.ical import build_calendar, build_event
from tests.builders import HOUR, NOON, make_lesson, make_user

INSTALLATION = "00000000-0000-4000-8000-000000000001"
TIMES_TWICE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 03:30 in Kyiv for the first time


def write(lesson, reader, students=None):
    with translation.override(reader.locale):
        event = build_event(
            lesson,
            reader=reader,
            students=students or [lesson.student],
            installation=INSTALLATION,
        )
        return build_calendar([event])


def read(lesson, reader, students=None):
    [event] = Calendar.from_ical(write(lesson, reader, students)).walk("VEVENT")
    return event


def test_event_is_in_zone_of_reader(lesson, student):
    student.timezone = "America/New_York"
    written = write(lesson, student)
    assert b"DTSTART;TZID=America/New_York:20260302T070000\r\n" in written
    assert written.count(b"BEGIN:VTIMEZONE") == 1
    event = read(lesson, student)
    assert (event.start, event.end) == (lesson.starts_at, lesson.ends_at)


def test_event_in_utc_needs_no_zone(lesson, student):
    student.timezone = "UTC"
    written = write(lesson, student)
    assert b"DTSTART:20260302T120000Z\r\n" in written
    assert b"VTIMEZONE" not in written


@pytest.mark.parametrize(
    ("hours", "length", "is_in_utc"),
    [(0, HOUR, True), (0, HOUR / 12, False), (0, 2 * HOUR, False), (1, HOUR, True)],
)
def test_event_in_hour_that_comes_twice_keeps_its_instant(tutor, student, hours, length, is_in_utc):
    """A clock time without an offset means the first of the two."""
    lesson = make_lesson(tutor, student, TIMES_TWICE + hours * HOUR, length)
    event = read(lesson, student)
    assert event.start.astimezone(UTC) == lesson.starts_at
    assert event.end.astimezone(UTC) == lesson.ends_at
    assert (b"VTIMEZONE" not in write(lesson, student)) == is_in_utc


def test_summary_for_student_names_tutor(lesson, student, tutor):
    student.locale = "en"
    assert read(lesson, student)["SUMMARY"] == "Lesson with Тарас Вчитель"
    lesson.title = "Sets"
    assert read(lesson, student)["SUMMARY"] == "Sets · Тарас Вчитель"


def test_summary_for_tutor_names_three_students(lesson, tutor):
    tutor.locale = "en"
    students = [make_user("student", name, "Test") for name in "ABCDE"]
    assert read(lesson, tutor, students[:1])["SUMMARY"] == "Lesson with A Test"
    event = read(lesson, tutor, students)
    assert event["SUMMARY"] == "Lesson with A Test, B Test, C Test +2"
    assert event["DESCRIPTION"].endswith("\nD Test\nE Test")


def test_description_links_to_lesson(lesson, student, settings):
    settings.PUBLIC_URL = "https://school.example"
    event = read(lesson, student)
    assert event["URL"] == f"https://school.example/lessons/{lesson.pk}/"
    assert event["URL"] in event["DESCRIPTION"]


def test_cancelled_lesson_frees_its_time(lesson, student):
    assert read(lesson, student)["STATUS"] == "CONFIRMED"
    assert read(lesson, student)["TRANSP"] == "OPAQUE"
    lesson.status = "cancelled"
    assert read(lesson, student)["STATUS"] == "CANCELLED"
    assert read(lesson, student)["TRANSP"] == "TRANSPARENT"


def test_names_and_titles_are_escaped_and_folded(lesson, student, tutor):
    lesson.title = 'Множини, «\\n»; "x:y" 👩‍🏫 ' + "ї" * 120
    tutor.last_name = "О’Ніл; син, мол."
    lesson.tutor = tutor
    written = write(lesson, student)
    assert max(map(len, written.split(b"\r\n"))) <= 75
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert read(lesson, student)["SUMMARY"] == f"{lesson.title} · Тарас О’Ніл; син, мол."


def test_uid_stays_when_address_and_key_change(lesson, settings):
    before = uid_of(lesson, installation_id())
    settings.PUBLIC_URL, settings.SECRET_KEY = "https://elsewhere.example", "another" * 10
    assert uid_of(lesson, installation_id()) == before
    assert before.startswith(f"lesson-{lesson.pk}@")


def test_sequence_and_dates_are_those_of_lesson(lesson, student):
    lesson.sequence = 3
    lesson.updated_at = NOON + HOUR / 7
    event = read(lesson, student)
    assert event["SEQUENCE"] == 3
    changed = lesson.updated_at.replace(microsecond=0)
    assert event["LAST-MODIFIED"].dt == event["DTSTAMP"].dt == changed
