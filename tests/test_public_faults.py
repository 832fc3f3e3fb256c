"""Faults of other calendars that people have reported in public, each with the reported values.

The values are those of the reports or of the rule that they quote; years are other ones where a
report is about free times, which are offered for days to come only.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.lessons.models import Lesson, LessonSeries
from tests.builders import HOUR

pytestmark = pytest.mark.django_db

SERIES, WEEKDAYS = "/api/lesson-series/", ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = timedelta(days=1)


def preview(client, student, starts_at, rrule, zone):
    body = {
        "student_id": student.pk,
        "starts_at": starts_at,
        "duration_minutes": 60,
        "rrule": rrule,
        "timezone": zone,
    }
    answer = client.post(f"{SERIES}preview/", body)
    assert answer.status_code == 200, answer.content
    return [f"{each['starts_at']:.16}" for each in answer.json()["occurrences"]]


EXPANSIONS = {
    # https://github.com/evancohen/smart-mirror/issues/886, every two weeks from July on
    "every two weeks from July to after the change of November": (
        *("2026-10-14T17:00", "FREQ=WEEKLY;INTERVAL=2;COUNT=3", "America/New_York"),
        ["2026-10-14T21:00", "2026-10-28T21:00", "2026-11-11T22:00"],
    ),
    # https://github.com/llazzaro/django-scheduler/issues/193
    "weekly at 12 from 6 March 2016 on": (
        *("2016-03-06T12:00", "FREQ=WEEKLY;UNTIL=20160314", "America/New_York"),
        ["2016-03-06T17:00", "2016-03-13T16:00"],
    ),
    "weekly at 17 in Kyiv across 25 October": (
        *("2026-10-19T17:00", "FREQ=WEEKLY;COUNT=2", "Europe/Kyiv"),
        ["2026-10-19T14:00", "2026-10-26T15:00"],
    ),
    # https://github.com/mangstadt/biweekly/issues/38
    "skipped time moves by the gap": (
        *("2016-03-06T02:30", "FREQ=WEEKLY;COUNT=3", "America/Los_Angeles"),
        ["2016-03-06T10:30", "2016-03-13T10:30", "2016-03-20T09:30"],
    ),
    # https://github.com/sabre-io/vobject/issues/648
    "days after a skipped time are not shifted": (
        *("2024-03-30T02:30", "FREQ=DAILY;COUNT=3", "Europe/Zurich"),
        ["2024-03-30T01:30", "2024-03-31T01:30", "2024-04-01T00:30"],
    ),
    # https://github.com/pbogut/recurring_events/pull/16, from RFC 5545, section 3.3.5
    "doubled time is the first": (
        *("2007-11-03T01:30", "FREQ=DAILY;COUNT=3", "America/New_York"),
        ["2007-11-03T05:30", "2007-11-04T05:30", "2007-11-05T06:30"],
    ),
    # https://github.com/dateutil/dateutil/issues/1079
    "31st of each month": (
        *("2020-01-31T12:00", "FREQ=MONTHLY;COUNT=5", "UTC"),
        [f"2020-{month}-31T12:00" for month in ("01", "03", "05", "07", "08")],
    ),
    # https://github.com/dateutil/dateutil/issues/1136
    "last day of each month": (
        *("2021-01-31T12:00", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "UTC"),
        ["2021-01-31T12:00", "2021-02-28T12:00", "2021-03-31T12:00"],
    ),
    # https://github.com/dmfs/lib-recur/issues/142
    "last Monday of each month from the fifth on": (
        *("2025-09-29T12:00", "FREQ=MONTHLY;BYDAY=-1MO;COUNT=4", "UTC"),
        ["2025-09-29T12:00", "2025-10-27T12:00", "2025-11-24T12:00", "2025-12-29T12:00"],
    ),
    "last Friday of each month": (
        *("2026-01-30T12:00", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "UTC"),
        ["2026-01-30T12:00", "2026-02-27T12:00", "2026-03-27T12:00"],
    ),
    "29 February": (
        *("2024-02-29T12:00", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", "UTC"),
        ["2024-02-29T12:00", "2028-02-29T12:00"],
    ),
}


@pytest.mark.parametrize("fault", EXPANSIONS)
def test_reported_series_has_the_right_times(api, tutor, student, classroom, fault):
    start, rrule, zone, expected = EXPANSIONS[fault]
    assert preview(api(tutor), student, start, rrule, zone) == expected


@pytest.mark.parametrize("zone", ["Europe/Kiev", "Europe/Kyiv"])
def test_kiev_and_kyiv_are_one_zone(api, tutor, student, classroom, zone):
    """https://github.com/moment/luxon/issues/1290"""
    starts = preview(api(tutor), student, "2026-10-19T17:00", "FREQ=WEEKLY;COUNT=2", zone)
    assert starts == ["2026-10-19T14:00", "2026-10-26T15:00"]
    api(student).patch("/api/me/", {"timezone": zone})
    assert api(student).get("/api/me/").json()["timezone"] == "Europe/Kyiv"


@pytest.fixture
def in_march(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
def in_summer(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 7, 1, 12, tzinfo=UTC))


def make_series(client, student, **changes):
    body = {
        "student_id": student.pk,
        "starts_at": "2026-10-05T10:00",
        "duration_minutes": 60,
        "rrule": "FREQ=DAILY;COUNT=5",
        "timezone": "Europe/Kyiv",
        **changes,
    }
    assert client.post(SERIES, body).status_code == 201
    return list(Lesson.objects.order_by("starts_at"))


@pytest.mark.usefixtures("in_summer")
@pytest.mark.parametrize("minutes", [30, -30])
def test_deleted_occurrence_stays_deleted_when_all_move(api, tutor, student, classroom, minutes):
    """https://github.com/agendav/agendav/issues/261"""
    client = api(tutor)
    found = make_series(client, student)
    client.post(f"/api/lessons/{found[2].pk}/cancel/")
    for by in (timedelta(minutes=minutes), -timedelta(minutes=minutes)):
        first = Lesson.objects.get(pk=found[0].pk)
        times = {"starts_at": first.starts_at + by, "ends_at": first.ends_at + by}
        sent = {name: when.isoformat() for name, when in times.items()}
        answer = client.patch(f"/api/lessons/{first.pk}/", {"scope": "all", **sent})
        assert answer.status_code == 200
        remaining = Lesson.objects.not_cancelled().order_by("starts_at")
        assert [each.pk for each in remaining] == [found[n].pk for n in (0, 1, 3, 4)]


@pytest.mark.usefixtures("in_summer")
def test_deleted_occurrence_stays_deleted_when_the_title_changes(api, tutor, student, classroom):
    """https://github.com/meeting-room-booking-system/mrbs-code/issues/2429"""
    client = api(tutor)
    lunch = {"starts_at": "2026-10-05T12:00", "rrule": "FREQ=WEEKLY;COUNT=4", "title": "Lunch"}
    found = make_series(client, student, **lunch)
    client.post(f"/api/lessons/{found[2].pk}/cancel/")
    client.patch(f"/api/lessons/{found[0].pk}/", {"scope": "all", "title": "Lunch on me"})
    remaining = Lesson.objects.not_cancelled().order_by("starts_at")
    assert [each.pk for each in remaining] == [found[n].pk for n in (0, 1, 3)]
    assert {each.title for each in remaining} == {"Lunch on me"}


@pytest.mark.usefixtures("in_summer")
def test_moved_occurrence_makes_no_other_lessons(api, tutor, student, classroom):
    """https://github.com/calcom/cal.diy/issues/12461: three lessons, and five once one moved"""
    client = api(tutor)
    found = make_series(client, student, rrule="FREQ=WEEKLY;COUNT=3")
    times = {"starts_at": found[2].starts_at + DAY, "ends_at": found[2].ends_at + DAY}
    sent = {name: when.isoformat() for name, when in times.items()}
    assert client.patch(f"/api/lessons/{found[2].pk}/", sent).status_code == 200
    starts = [each.starts_at for each in found[:2]] + [found[2].starts_at + DAY]
    rows = list(Lesson.objects.order_by("starts_at").values_list("pk", "starts_at"))
    assert rows == list(zip([each.pk for each in found], starts, strict=True))
    assert LessonSeries.objects.count() == 1


def offer(api, tutor, zone, first, last):
    """Offer every day from `first` to `last` o'clock."""
    tutor.timezone = zone
    tutor.save()
    windows = [{"weekday": day, "from": first, "to": last} for day in WEEKDAYS]
    plan = {"timezone": zone, "weekly": windows, "lesson_minutes": [60]}
    plan |= {"minimum_notice_minutes": 0, "booking_window_days": 60}
    assert api(tutor).put("/api/me/availability/", plan).status_code == 200


def slots(api, tutor, first, last):
    query = {"from": first, "to": last}
    return [
        f"{each['starts_at']:.16}"
        for each in api(tutor).get(f"/api/tutors/{tutor.pk}/slots", query).json()["results"]
    ]


@pytest.mark.usefixtures("in_march")
def test_slots_have_the_offset_of_their_day(api, tutor):
    """https://github.com/calcom/cal.diy/issues/30021 and pull/28519: 13:00 to 18:00 in New York"""
    offer(api, tutor, "America/New_York", "13:00", "18:00")
    found = slots(api, tutor, "2026-03-06", "2026-03-11")
    for day, first in (("06", 18), ("07", 18), ("08", 17), ("09", 17), ("10", 17)):
        of_day = [f"2026-03-{day}T{hour}:00" for hour in range(first, first + 5)]
        assert [one for one in found if one.startswith(f"2026-03-{day}")] == of_day
    assert len(found) == 25


def upload(api, tutor, *lines):
    event = "".join(f"{line}\r\n" for line in lines)
    content = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        f"DTSTAMP:20260301T000000Z\r\n{event}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    file = SimpleUploadedFile("busy.ics", content.encode(), "text/calendar")
    body = {"name": "Busy", "file": file}
    answer = api(tutor).post("/api/me/external-calendars/", body, format="multipart")
    assert answer.status_code == 201


@pytest.mark.usefixtures("in_march")
def test_all_day_event_blocks_the_whole_day_where_the_tutor_is(api, tutor):
    """https://github.com/calcom/cal.diy/issues/6292: free after 16:00, and
    https://github.com/thunderbird/appointment/issues/406: the day of another zone"""
    offer(api, tutor, "America/Los_Angeles", "00:00", "24:00")
    upload(api, tutor, "DTSTART;VALUE=DATE:20260304", "DTEND;VALUE=DATE:20260305")
    found = slots(api, tutor, "2026-03-03", "2026-03-06")
    assert (found[23], found[24]) == ("2026-03-04T07:00", "2026-03-05T08:00")
    assert len(found) == 48


@pytest.mark.usefixtures("in_march")
def test_event_of_several_days_has_all_its_days(api, tutor):
    """https://github.com/bigcalendar/react-big-calendar/issues/2116: a day short elsewhere"""
    offer(api, tutor, "Asia/Tokyo", "09:00", "10:00")
    upload(api, tutor, "DTSTART;VALUE=DATE:20260310", "DTEND;VALUE=DATE:20260315")
    found = slots(api, tutor, "2026-03-08", "2026-03-17")
    assert found == [f"2026-03-{day:02}T00:00" for day in (8, 9, 15, 16)]


@pytest.mark.usefixtures("in_summer")
def test_lesson_over_midnight_is_on_both_days(api, tutor, student, classroom):
    client = api(tutor)
    [lesson] = make_series(
        client, student, starts_at="2026-10-05T23:30", rrule="FREQ=DAILY;COUNT=1"
    )
    for day in ("2026-10-05", "2026-10-06"):
        until = str(datetime.fromisoformat(day).date() + DAY)
        found = client.get("/api/lessons", {"from": day, "to": until}).json()["results"]
        assert [each["id"] for each in found] == [lesson.pk]
    assert lesson.ends_at - lesson.starts_at == HOUR
