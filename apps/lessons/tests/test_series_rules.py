"""Recurrence rules: values that calendars got wrong, and properties against a day walk."""

import calendar
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.common.errors import DomainError
from apps.common.zones import find_zone
from apps.lessons.series.rules import (
    LAST_YEAR,
    MAX_OCCURRENCES,
    MAX_YEARS,
    Recurrence,
    parse_rule,
    shift_to_last_years,
)

KYIV = ZoneInfo("Europe/Kyiv")
NEW_YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
at = datetime.fromisoformat
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def expand(rule, start, zone=KYIV, **more):
    recurrence = Recurrence(parse_rule(rule), datetime.fromisoformat(start), zone, **more)
    return [f"{each:%Y-%m-%dT%H:%MZ}" for each in recurrence.occurrences()]


def dates(rule, start, **more):
    return [each[:10] for each in expand(rule, start, **more)]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (KYIV, ["2026-10-19T14:00Z", "2026-10-26T15:00Z", "2026-11-02T15:00Z"]),
        (NEW_YORK, ["2026-10-19T21:00Z", "2026-10-26T21:00Z", "2026-11-02T22:00Z"]),
    ],
)
def test_weekly_lesson_keeps_its_wall_clock_time_in_autumn(zone, expected):
    """Calendars that computed each date with the first date's offset were an hour off."""
    assert expand("FREQ=WEEKLY;COUNT=3", "2026-10-19T17:00", zone) == expected


def test_weekly_lesson_keeps_its_wall_clock_time_in_spring():
    found = expand("FREQ=WEEKLY;COUNT=2", "2026-03-25T17:00")
    assert found == ["2026-03-25T15:00Z", "2026-04-01T14:00Z"]


def test_skipped_local_time_moves_forward_by_the_gap():
    found = expand("FREQ=DAILY;COUNT=3", "2026-03-28T03:30")
    assert found == ["2026-03-28T01:30Z", "2026-03-29T01:30Z", "2026-03-30T00:30Z"]
    assert datetime(2026, 3, 29, 1, 30, tzinfo=UTC).astimezone(KYIV).hour == 4


def test_doubled_local_time_is_the_first():
    found = expand("FREQ=DAILY;COUNT=3", "2026-10-24T03:30")
    assert found == ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"]


def test_day_that_a_zone_skipped_makes_one_lesson():
    """Samoa had no 30 December 2011: its lesson would be at the instant of the next day's."""
    found = expand("FREQ=DAILY;COUNT=3", "2011-12-29T12:00", ZoneInfo("Pacific/Apia"))
    assert found == ["2011-12-29T22:00Z", "2011-12-30T22:00Z"]


def test_31st_of_the_month_leaves_shorter_months_out():
    found = dates("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4", "2026-01-31T12:00")
    assert found == ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]


def test_last_day_of_the_month_follows_its_length():
    found = dates("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "2028-01-31T12:00")
    assert found == ["2028-01-31", "2028-02-29", "2028-03-31"]


def test_last_friday_of_the_month():
    found = dates("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "2026-10-01T12:00")
    assert found == ["2026-10-30", "2026-11-27", "2026-12-25"]


def test_last_working_day_of_the_month():
    found = dates("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", "2026-10-01T12:00")
    assert found == ["2026-10-30", "2026-11-30", "2026-12-31"]


def test_29_february_comes_in_leap_years_only():
    found = dates("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", "2026-01-01T12:00")
    assert found == ["2028-02-29", "2032-02-29"]


def test_former_and_current_name_of_a_zone_are_one_zone():
    rule, start = "FREQ=WEEKLY;COUNT=30", "2026-10-19T17:00"
    assert expand(rule, start, find_zone("Europe/Kiev")) == expand(rule, start, KYIV)


def test_week_start_decides_which_weeks_every_second_week_means():
    """RFC 5545, 3.3.10, the example of WKST."""
    rule = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST="
    start = "1997-08-05T09:00"
    monday = ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]
    sunday = ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"]
    assert (dates(f"{rule}MO", start), dates(f"{rule}SU", start)) == (monday, sunday)


def test_skipped_date_is_left_out_and_counted():
    found = dates("FREQ=WEEKLY;COUNT=3", "2026-10-19T17:00", skip_dates=[date(2026, 10, 26)])
    assert found == ["2026-10-19", "2026-11-02"]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261102", "2026-11-02"),
        ("20261101", "2026-10-26"),
        ("20261102T170000", "2026-11-02"),
        ("20261102T165959", "2026-10-26"),
        ("20261102T150000Z", "2026-11-02"),
        ("20261102T145959Z", "2026-10-26"),
    ],
)
def test_until_is_inclusive_as_date_local_time_and_instant(until, last):
    assert dates(f"FREQ=WEEKLY;UNTIL={until}", "2026-10-19T17:00")[-1] == last


def test_until_in_utc_is_compared_across_midnight():
    found = expand("FREQ=DAILY;UNTIL=20261102T050000Z", "2026-10-31T23:30", NEW_YORK)
    assert found == ["2026-11-01T03:30Z", "2026-11-02T04:30Z"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "WEEKLY",
        "RRULE:FREQ=WEEKLY",
        "FREQ=YEARLY",
        "FREQ=HOURLY",
        "FREQ=SECONDLY",
        "BYDAY=MO",
        "FREQ=WEEKLY;",
        "FREQ=WEEKLY;FREQ=DAILY",
        "FREQ=WEEKLY\nDTSTART:20261019T170000",
        "FREQ=WEEKLY;DTSTART=20261019T170000",
        "FREQ=WEEKLY;RDATE=20261019",
        "FREQ=WEEKLY;EXDATE=20261019",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=DAILY;BYMINUTE=1",
        "FREQ=DAILY;BYSECOND=1",
        "FREQ=DAILY;BYEASTER=0",
        "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=DAILY;BYWEEKNO=1",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=WEEKLY;INTERVAL=367",
        "FREQ=DAILY;INTERVAL=99999999999999999999",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=401",
        "FREQ=WEEKLY;COUNT=4;UNTIL=20261231",
        "FREQ=WEEKLY;UNTIL=20261331",
        "FREQ=WEEKLY;UNTIL=20261231Z",
        "FREQ=WEEKLY;UNTIL=99991231",
        "FREQ=WEEKLY;UNTIL=2026-12-31",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=TU,1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTH=13",
        "FREQ=MONTHLY;BYMONTH=-1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=WEEKLY;BYDAY=٣MO",
        "FREQ=WEEKLY;COUNT=１",
        "FREQ=DAILY;BYMONTHDAY=" + ",".join(["1"] * 300),
    ],
)
def test_other_text_is_a_validation_error(text):
    with pytest.raises(DomainError) as refused:
        parse_rule(text)
    assert (refused.value.code, [*(refused.value.fields or {})]) == ("validation_error", ["rrule"])


def test_more_lessons_than_the_limit_are_refused():
    start = "2026-01-01T12:00"
    assert len(expand(f"FREQ=DAILY;COUNT={MAX_OCCURRENCES}", start)) == 400
    assert len(expand("FREQ=DAILY;UNTIL=20270204", start)) == 400
    with pytest.raises(DomainError):
        expand("FREQ=DAILY;UNTIL=20270205", start)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYDAY=MO;INTERVAL=7",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=9",
        "FREQ=MONTHLY;BYDAY=2MO;BYMONTHDAY=1",
    ],
)
def test_rule_without_dates_ends_soon(rule):
    """dateutil looks through every day up to the year 9999."""
    assert expand(rule, "2026-10-20T17:00") == []
    assert MAXYEAR - (2026 + shift_to_last_years(2026)) < 2 * MAX_YEARS


def test_calendar_is_the_same_in_the_last_years():
    for year in range(1901, LAST_YEAR):
        shift = shift_to_last_years(year)
        for each in range(year, year + MAX_YEARS + 1):
            assert calendar.monthrange(each, 1) == calendar.monthrange(each + shift, 1)
            assert calendar.isleap(each) == calendar.isleap(each + shift)


def test_lessons_of_later_decades_are_not_looked_for():
    found = dates("FREQ=MONTHLY;INTERVAL=180;COUNT=4", "2026-01-01T12:00")
    assert found == ["2026-01-01", "2041-01-01", "2056-01-01"]


def test_rule_is_written_as_it_was_read():
    text = "FREQ=MONTHLY;INTERVAL=2;UNTIL=20271231T150000Z;BYDAY=-1FR,1MO;BYMONTH=1,2;WKST=SU"
    assert str(parse_rule(text)) == text
    assert str(parse_rule("freq=weekly;byday=mo,mo;interval=1;wkst=mo")) == "FREQ=WEEKLY;BYDAY=MO"


# An independent implementation, which walks through all days.


def weekday_matches(name, day):
    ordinal, wanted = int(name[:-2] or 0), DAYS.index(name[-2:])
    if day.weekday() != wanted:
        return False
    length = calendar.monthrange(day.year, day.month)[1]
    from_start, from_end = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
    return ordinal in (0, from_start, from_end)


def matches(parts, start, day):
    return in_period(parts, start, day) and passes_lists(parts, start, day)


def in_period(parts, start, day):
    first = DAYS.index(parts.get("WKST", "MO"))
    weeks = [each - timedelta(days=(each.weekday() - first) % 7) for each in (start, day)]
    distance = {
        "DAILY": (day - start).days,
        "WEEKLY": (weeks[1] - weeks[0]).days // 7,
        "MONTHLY": (day.year - start.year) * 12 + day.month - start.month,
    }
    return distance[parts["FREQ"]] % parts.get("INTERVAL", 1) == 0


def passes_lists(parts, start, day):
    if "BYMONTH" in parts and day.month not in parts["BYMONTH"]:
        return False
    length = calendar.monthrange(day.year, day.month)[1]
    monthdays = set(parts.get("BYMONTHDAY", ()))
    if monthdays and not {day.day, day.day - length - 1} & monthdays:
        return False
    if "BYDAY" in parts:
        return any(weekday_matches(name, day) for name in parts["BYDAY"])
    implied = {"WEEKLY": day.weekday() == start.weekday(), "MONTHLY": day.day == start.day}
    return bool(monthdays) or implied.get(parts["FREQ"], True)


def walk(parts, start, zone, last):
    found, day = [], start.date()
    while day <= last and len(found) < parts.get("COUNT", 10_000):
        if matches(parts, start.date(), day):
            found.append(instant(datetime.combine(day, start.time()), zone))
        day += timedelta(days=1)
    return sorted(set(found))


def instant(local, zone):
    """The earliest instant at which the zone's clock shows `local`, found by trying offsets; for a
    skipped time what the clock would show had it not been changed."""
    guess = local.replace(tzinfo=UTC)
    offsets = [(guess + timedelta(hours=h)).astimezone(zone).utcoffset() for h in (-26, 26)]
    shown = sorted(
        guess - offset
        for offset in offsets
        if (guess - offset).astimezone(zone).replace(tzinfo=None) == local
    )
    return shown[0] if shown else guess - offsets[0]


ZONES = st.sampled_from(
    [
        "Africa/Cairo",
        "America/Asuncion",
        "America/New_York",
        "America/Nuuk",
        "America/Sao_Paulo",
        "America/St_Johns",
        "Asia/Gaza",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Europe/Kyiv",
        "Europe/London",
        "Pacific/Auckland",
        "UTC",
    ]
)


@st.composite
def rules(draw):
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))
    parts = {"FREQ": freq, "INTERVAL": draw(st.integers(1, 5))}
    if draw(st.booleans()):
        parts["COUNT"] = draw(st.integers(1, 60))
    days = st.sampled_from(DAYS)
    if freq == "MONTHLY" and draw(st.booleans()):
        days = st.builds("{}{}".format, st.sampled_from([1, 2, 3, 4, 5, -1, -2, -5]), days)
    if draw(st.booleans()):
        parts["BYDAY"] = draw(st.lists(days, min_size=1, max_size=4, unique=True))
    if draw(st.integers(0, 3)) == 0:
        parts["BYMONTH"] = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6, unique=True))
    if freq != "WEEKLY" and draw(st.integers(0, 2)) == 0:
        monthdays = st.integers(1, 31) | st.integers(-31, -1)
        parts["BYMONTHDAY"] = draw(st.lists(monthdays, min_size=1, max_size=4, unique=True))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(DAYS))
    return parts


def as_text(parts):
    values = {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in parts.items()}
    return ";".join(f"{name}={value}" for name, value in values.items())


STARTS = st.builds(
    lambda days, minutes: at("1995-01-01T00:00") + timedelta(days=days, minutes=minutes),
    st.integers(0, 16_000),
    st.integers(0, 24 * 60 - 1),
)


@settings(max_examples=150, deadline=None)
@given(rules(), STARTS, ZONES)
@example({"FREQ": "DAILY"}, at("2026-03-28T03:30"), "Europe/Kyiv")
@example({"FREQ": "DAILY"}, at("2026-10-24T03:30"), "Europe/Kyiv")
@example({"FREQ": "DAILY"}, at("2026-04-01T02:10"), "Australia/Lord_Howe")
@example({"FREQ": "MONTHLY", "BYDAY": ["5MO"], "INTERVAL": 2}, at("2027-01-31T00:00"), "UTC")
def test_expansion_equals_a_walk_through_all_days(parts, start, zone_name):
    zone, last = ZoneInfo(zone_name), start.date() + timedelta(days=390)
    recurrence = Recurrence(parse_rule(as_text(parts)), start, zone)
    assert recurrence.occurrences(last=last) == walk(parts, start, zone, last)


@settings(max_examples=80, deadline=None)
@given(rules(), STARTS, st.integers(-10, 10))
def test_rule_moved_by_days_has_each_date_that_much_later(parts, start, days):
    moved = parse_rule(as_text(parts)).moved_by_days(days)
    if moved is None:
        return
    last, shift = start.date() + timedelta(days=390), timedelta(days=days)
    before = walk(parts, start, UTC_ZONE, last)
    after = Recurrence(moved, start + shift, UTC_ZONE).occurrences(last=last + shift)
    assert after == [each + shift for each in before]


@settings(max_examples=50, deadline=None)
@given(rules(), STARTS, st.integers(-10, 10))
def test_day_shift_has_each_date_that_much_later(parts, start, days):
    last, shift = start.date() + timedelta(days=390), timedelta(days=days)
    shifted = Recurrence(parse_rule(as_text(parts)), start, UTC_ZONE, day_shift=days)
    expected = [each + shift for each in walk(parts, start, UTC_ZONE, last)]
    assert shifted.occurrences(last=last + shift) == expected
