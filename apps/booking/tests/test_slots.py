"""Slots as a pure function: windows, clock changes, busy times, notice and the student's day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.booking.slots import (
    Schedule,
    StudentDay,
    find_open_spans,
    find_slots,
    free_spans,
    merge,
    overlaps,
    suits_student,
    to_instant,
    widen,
)

KYIV = ZoneInfo("Europe/Kyiv")
HOUR = timedelta(hours=1)
WIDE = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
EVERY_DAY = {day: [(15 * 60, 20 * 60)] for day in range(7)}


def local_starts(schedule, first, last, busy=(), length=HOUR, bookable=WIDE, student_zone=None):
    start, end = (to_instant(day, 0, schedule.zone) for day in (first, last))
    day = student_zone and StudentDay(ZoneInfo(student_zone), time(7), time(22))
    suited = day and (day, schedule.zone)
    found = find_slots(find_open_spans(schedule, start, end), list(busy), length, bookable, suited)
    return [f"{begins.astimezone(schedule.zone):%m-%d %H:%M}" for begins, _ends in found]


def one_day(day, windows, **more):
    schedule = Schedule(KYIV, exceptions={day: windows})
    found = local_starts(schedule, day, day + timedelta(days=1), **more)
    return [each[6:] for each in found]


def test_window_is_divided_from_its_beginning():
    assert one_day(date(2026, 11, 30), [(900, 1200)]) == [
        *("15:00", "16:00", "17:00", "18:00", "19:00")
    ]
    assert one_day(date(2026, 11, 30), [(900, 1019)], length=HOUR / 2) == [
        *("15:00", "15:30", "16:00")
    ]


def test_clock_time_stays_across_clock_changes():
    schedule = Schedule(KYIV, weekly=EVERY_DAY)
    for day in (date(2026, 3, 27), date(2026, 10, 23)):
        found = local_starts(schedule, day, day + timedelta(days=5))
        assert {each[6:] for each in found} == {"15:00", "16:00", "17:00", "18:00", "19:00"}


def test_skipped_hour_has_no_slots():
    """On 29 March 2026 the clock in Kyiv goes from 03:00 to 04:00."""
    day = date(2026, 3, 29)
    assert one_day(day, [(60, 360)]) == ["01:00", "02:00", "04:00", "05:00"]
    assert one_day(day, [(180, 240)]) == []
    assert one_day(day, [(210, 300)]) == ["04:00"]
    assert to_instant(day, 210, KYIV) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_doubled_time_is_the_first():
    """On 25 October 2026 the clock in Kyiv goes from 04:00 back to 03:00."""
    day = date(2026, 10, 25)
    assert to_instant(day, 210, KYIV) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert one_day(day, [(60, 360)]) == ["01:00", "02:00", "03:00", "03:00", "04:00", "05:00"]


def test_windows_that_touch_at_midnight_are_one():
    schedule = Schedule(
        KYIV,
        exceptions={date(2026, 11, 30): [(22 * 60 + 30, 1440)], date(2026, 12, 1): [(0, 90)]},
    )
    found = local_starts(schedule, date(2026, 11, 30), date(2026, 12, 1))
    assert found == ["11-30 22:30", "11-30 23:30", "12-01 00:30"]


def test_exception_replaces_weekday_and_holiday():
    monday, tuesday, wednesday = (date(2026, 11, 30) + timedelta(days=n) for n in range(3))
    schedule = Schedule(
        KYIV,
        weekly=EVERY_DAY,
        exceptions={monday: [], wednesday: [(600, 660)]},
        holidays=[(tuesday, wednesday)],
    )
    found = local_starts(schedule, monday, wednesday + timedelta(days=2))
    assert found[0] == "12-02 10:00"
    assert found[1] == "12-03 15:00"


def span(text):
    begins, ends = text.split("-")
    return tuple(
        datetime.fromisoformat(f"2026-11-30T{each}").replace(tzinfo=KYIV).astimezone(UTC)
        for each in (begins, ends)
    )


@pytest.mark.parametrize(
    ("busy", "buffer", "starts"),
    [
        (["16:00-17:00"], 0, ["15:00", "17:00", "18:00", "19:00"]),
        (["15:30-16:15"], 0, ["16:15", "17:00", "18:00", "19:00"]),
        (["15:00-16:00"], 15, ["16:15", "17:00", "18:00", "19:00"]),
        (["15:00-16:02"], 0, ["16:05", "17:00", "18:00", "19:00"]),
        (["17:00-18:00"], 10, ["15:00", "18:10", "19:00"]),
        (["14:00-15:00", "19:30-21:00"], 0, ["15:00", "16:00", "17:00", "18:00"]),
        (["14:00-21:00"], 0, []),
        (["15:00-17:00", "16:00-18:00"], 0, ["18:00", "19:00"]),
    ],
)
def test_busy_times_and_breaks_are_left_out(busy, buffer, starts):
    spans = widen([span(each) for each in busy], timedelta(minutes=buffer))
    assert one_day(date(2026, 11, 30), [(900, 1200)], busy=spans) == starts


def test_notice_and_booking_window_bound_the_start():
    schedule = Schedule(
        KYIV, weekly=EVERY_DAY, notice=timedelta(minutes=90), window=timedelta(days=1)
    )
    now = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)  # 16:00 in Kyiv
    found = local_starts(
        schedule, date(2026, 11, 30), date(2026, 12, 5), bookable=schedule.bookable(now)
    )
    assert found == ["11-30 18:00", "11-30 19:00", "12-01 15:00", "12-01 16:00"]


def test_slots_suit_the_day_of_a_student_elsewhere():
    windows = [(0, 1440)]
    # 07:00 to 22:00 in New York is 14:00 to 05:00 in Kyiv.
    found = one_day(date(2026, 11, 30), windows, student_zone="America/New_York")
    assert found == [f"{hour:02}:00" for hour in (*range(5), *range(14, 24))]
    assert len(one_day(date(2026, 11, 30), windows, student_zone="Europe/Athens")) == 24
    assert len(one_day(date(2026, 11, 30), windows, student_zone="Europe/Kyiv")) == 24


SCHOOL = StudentDay(KYIV, time(9), time(21), (time(8, 30), time(14)), is_set=True)


@pytest.mark.parametrize(
    ("day", "hour", "suits"),
    [
        (30, 9, False),  # Monday, in school
        (30, 13, False),
        (30, 14, True),
        (30, 20, True),
        (30, 21, False),
        (29, 9, True),  # Sunday
        (29, 8, False),
    ],
)
def test_hours_that_the_student_has_set_hold_in_the_tutors_zone_too(day, hour, suits):
    start = datetime(2026, 11, day, hour, tzinfo=KYIV).astimezone(UTC)
    assert suits_student((start, start + HOUR), SCHOOL, KYIV) is suits


class CountedList(list):
    """Counts the items that are read."""

    reads = 0

    def __getitem__(self, index):
        self.reads += 1
        return super().__getitem__(index)

    def __iter__(self):
        for item in super().__iter__():
            self.reads += 1
            yield item


def test_cost_of_a_window_does_not_grow_with_what_is_busy_before_it():
    start = datetime(2026, 11, 30, tzinfo=UTC)
    busy = CountedList((start + n * HOUR, start + n * HOUR + HOUR / 2) for n in range(100_000))
    window = (start + 50_000 * HOUR, start + 50_002 * HOUR)
    assert len(list(free_spans(window, busy))) == 2
    assert busy.reads < 50


minutes = st.integers(0, 3 * 24 * 60)
spans = st.lists(st.tuples(minutes, st.integers(1, 600)), max_size=12)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans, spans, st.sampled_from([20, 45, 60, 90]))
def test_slots_are_free_and_inside_windows(windows, busy, length):
    def to_spans(pairs):
        base = datetime(2026, 11, 30, tzinfo=UTC)
        return [
            (base + timedelta(minutes=start), base + timedelta(minutes=start + long))
            for start, long in pairs
        ]

    open_spans, taken = merge(to_spans(windows)), to_spans(busy)
    found = find_slots(open_spans, taken, timedelta(minutes=length), WIDE)
    assert found == sorted(set(found))
    for slot in found:
        assert slot[1] - slot[0] == timedelta(minutes=length)
        assert any(begins <= slot[0] and slot[1] <= ends for begins, ends in open_spans)
        assert not overlaps(slot, taken)
    # Whatever is free from the beginning of a window is offered.
    for begins, ends in open_spans:
        first = (begins, begins + timedelta(minutes=length))
        assert (first in found) == (first[1] <= ends and not overlaps(first, taken))
