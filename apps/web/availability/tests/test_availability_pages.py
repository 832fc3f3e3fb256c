"""`/settings/availability/` and `/settings/external-calendars/`."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.booking.availability import get_availability, list_windows
from apps.booking.models import ExternalCalendar

PATH = "/settings/availability/"
CALENDARS = "/settings/external-calendars/"
RULES = {
    "timezone": "Europe/Kyiv",
    "lesson_minutes": ["60", "90"],
    "buffer_minutes": "10",
    "minimum_notice_minutes": "240",
    "booking_window_days": "45",
}
EVENT = b"BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260302T100000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + EVENT + b"END:VCALENDAR\r\n"


def windows(*times, day=0):
    """What a browser sends of the lines of a weekday."""
    sent = {}
    for number, (begins, ends) in enumerate(times):
        sent |= {f"from_{day}_{number}": begins, f"to_{day}_{number}": ends}
    return sent


def test_week_and_rules_are_saved(browser, tutor):
    client = browser(tutor)
    sent = windows(("15:00", "20:00"), ("", "")) | windows(("10:00", "00:00"), day=6)
    assert client.post(PATH, {**RULES, **sent, "requires_confirmation": "on"}).status_code == 302
    found = get_availability(tutor)
    assert list_windows(found)[0] == {0: [(900, 1200)], 6: [(600, 1440)]}
    assert (found.lesson_minutes, found.buffer_minutes) == ([60, 90], 10)
    assert (found.minimum_notice_minutes, found.booking_window_days) == (240, 45)
    assert found.requires_confirmation
    page = client.get(PATH).content.decode()
    for name, value in (("from_0_0", "15:00"), ("to_0_0", "20:00"), ("to_6_0", "00:00")):
        assert f'name="{name}" value="{value}"' in page
    assert 'name="from_0_1" id="id_from_0_1"' in page  # an empty line to add to


def test_line_that_is_emptied_is_removed(browser, tutor):
    client = browser(tutor)
    client.post(PATH, RULES | windows(("15:00", "16:00"), ("17:00", "18:00")))
    client.post(PATH, RULES | windows(("", ""), ("17:00", "18:00"), ("", "")))
    assert list_windows(get_availability(tutor))[0] == {0: [(1020, 1080)]}


@pytest.mark.parametrize(
    ("times", "field"),
    [
        ([("15:00", "")], "to_0_0"),
        ([("15:00", "14:00")], "to_0_0"),
        ([("15:00", "17:00"), ("16:00", "18:00")], "to_0_1"),
        ([("25:00", "17:00")], "from_0_0"),
    ],
)
def test_wrong_line_is_named_and_nothing_is_saved(browser, tutor, times, field):
    answer = browser(tutor).post(PATH, RULES | windows(*times))
    assert answer.status_code == 400
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not list_windows(get_availability(tutor))[0]


@pytest.mark.parametrize(
    "change", [{"lesson_minutes": []}, {"booking_window_days": "0"}, {"timezone": "Mars"}]
)
def test_wrong_rule_is_refused(browser, tutor, change):
    answer = browser(tutor).post(PATH, RULES | windows(("15:00", "16:00")) | change)
    assert answer.status_code == 400
    assert not list_windows(get_availability(tutor))[0]


def test_first_length_stays_the_default(browser, tutor):
    client = browser(tutor)
    client.post(PATH, {**RULES, "lesson_minutes": ["90"]})
    client.post(PATH, {**RULES, "lesson_minutes": ["45", "60", "90"]})
    assert get_availability(tutor).lesson_minutes == [90, 45, 60]


def test_dates_are_added_and_deleted(browser, tutor):
    client = browser(tutor)
    client.post(PATH, RULES | windows(("15:00", "16:00")))
    day = f"{(timezone.now() + timedelta(days=5)).date()}"
    other = f"{(timezone.now() + timedelta(days=6)).date()}"
    client.post(f"{PATH}dates/", {"date": day, "begins": "", "ends": ""})
    for begins in ("10:00", "12:00"):
        client.post(f"{PATH}dates/", {"date": other, "begins": begins, "ends": "13:00"})
    weekly, exceptions = list_windows(get_availability(tutor))
    assert {f"{key}": value for key, value in exceptions.items()} == {day: [], other: [(600, 780)]}
    client.post(f"{PATH}dates/delete/", {"date": day})
    assert [f"{key}" for key in list_windows(get_availability(tutor))[1]] == [other]
    assert weekly == {0: [(900, 960)]}


def test_date_with_one_hour_alone_is_refused(browser, tutor):
    day = f"{(timezone.now() + timedelta(days=5)).date()}"
    answer = browser(tutor).post(f"{PATH}dates/", {"date": day, "begins": "10:00", "ends": ""})
    assert answer.status_code == 400
    assert 'id="id_ends_error"' in answer.content.decode()


def test_calendar_file_is_added_shown_and_removed(browser, tutor, other_tutor):
    client = browser(tutor)
    file = SimpleUploadedFile("work.ics", CALENDAR, "text/calendar")
    assert client.post(f"{CALENDARS}file/", {"file": file}).status_code == 302
    page = client.get(CALENDARS).content.decode()
    assert "work.ics" in page
    assert "1 event" in page
    made = ExternalCalendar.objects.get()
    assert browser(other_tutor).post(f"{CALENDARS}{made.pk}/delete/").status_code == 404
    assert client.post(f"{CALENDARS}{made.pk}/delete/").status_code == 302
    assert not ExternalCalendar.objects.exists()


def test_bad_file_and_bad_address_are_named(browser, tutor):
    client = browser(tutor)
    file = SimpleUploadedFile("work.ics", b"no calendar", "text/calendar")
    answer = client.post(f"{CALENDARS}file/", {"file": file})
    assert answer.status_code == 400
    assert "not a calendar" in answer.content.decode()
    answer = client.post(CALENDARS, {"name": "Mine", "url": "https://127.0.0.1/a.ics"})
    assert answer.status_code == 400
    assert 'id="id_url_error"' in answer.content.decode()


def test_error_of_a_calendar_is_shown_in_words_and_its_address_is_not(browser, tutor):
    ExternalCalendar.objects.create(
        tutor=tutor, name="Mine", url="https://calendar.example/secret", error="refused"
    )
    page = browser(tutor).get(CALENDARS).content.decode()
    assert "The server does not give out the calendar." in page
    assert "secret" not in page


@pytest.mark.parametrize("path", [PATH, CALENDARS])
def test_students_are_forbidden(browser, student, path):
    assert browser(student).get(path).status_code == 403
