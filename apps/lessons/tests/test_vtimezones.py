"""VTIMEZONE components, read by dateutil and compared with the tz database."""

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from apps.lessons.vtimezones import build_timezone

ZONES = [
    "Europe/Kyiv",
    "America/New_York",
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/St_Johns",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Chatham",
    "America/Santiago",
]


@pytest.mark.parametrize("name", ZONES)
def test_local_times_are_those_of_the_tz_database(name):
    zone = ZoneInfo(name)
    component = build_timezone(zone, 2026, 2028).decode()
    written = tzical(io.StringIO(f"BEGIN:VCALENDAR\n{component}END:VCALENDAR\n")).get()
    for local in instants_around_changes(zone):
        assert local.replace(tzinfo=written).utcoffset() == local.utcoffset(), local


def instants_around_changes(zone):
    """Each day, and each half hour of a day on which the clock changes; not times that come twice,
    of which dateutil takes the second and RFC 5545 the first."""
    when, day = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)
    while when < datetime(2028, 12, 31, tzinfo=UTC):
        local, next_day = when.astimezone(zone), (when + day).astimezone(zone)
        steps = 1 if local.utcoffset() == next_day.utcoffset() else 48
        for step in range(steps):
            local = (when + step * day / 48).astimezone(zone)
            if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
                yield local
        when += day


def test_summer_time_starts_by_the_clock_before_it():
    component = build_timezone(ZoneInfo("America/New_York"), 2027, 2027).decode()
    assert "BEGIN:DAYLIGHT\r\nDTSTART:20270314T020000\r\n" in component
    assert "BEGIN:STANDARD\r\nDTSTART:20271107T020000\r\n" in component
