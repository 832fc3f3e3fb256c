"""When reminders are sent: quiet hours, clock changes and how late is too late."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.lessons.reminders.timing import QuietHours, find_send_time, find_use_end

KYIV = ZoneInfo("Europe/Kyiv")
NIGHT = QuietHours(time(22), time(8), KYIV)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def kyiv(day, hour, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=KYIV).astimezone(UTC)


def test_reminder_outside_quiet_hours_is_sent_when_due():
    assert find_send_time(kyiv(10, 15), HOUR, NIGHT) == kyiv(10, 14)
    assert find_send_time(kyiv(10, 15), HOUR, None) == kyiv(10, 14)


@pytest.mark.parametrize(
    ("starts_at", "lead", "sent"),
    [
        (kyiv(10, 8, 30), HOUR, kyiv(10, 8)),  # due at 07:30
        (kyiv(10, 7), DAY, kyiv(9, 8)),
        (kyiv(11, 23), DAY, kyiv(11, 8)),  # due at 23:00 the evening before
        (kyiv(10, 8, 15), HOUR, kyiv(10, 8)),  # a quarter of an hour is enough
        (kyiv(10, 8, 14), HOUR, kyiv(9, 22)),
        (kyiv(10, 7), HOUR, kyiv(9, 22)),  # the lesson is within the quiet hours
        (kyiv(10, 23), HOUR / 2, kyiv(10, 22)),
        (kyiv(10, 8, 5), timedelta(minutes=5), kyiv(10, 8)),
        (kyiv(10, 9), HOUR, kyiv(10, 8)),  # quiet hours end at 08:00 sharp
        (kyiv(10, 23), HOUR, kyiv(10, 22)),  # and begin at 22:00
    ],
)
def test_reminder_within_quiet_hours_is_sent_at_their_end_or_start(starts_at, lead, sent):
    assert find_send_time(starts_at, lead, NIGHT) == sent


def test_quiet_hours_within_a_day():
    siesta = QuietHours(time(13), time(15), KYIV)
    assert find_send_time(kyiv(10, 15, 30), HOUR, siesta) == kyiv(10, 15)
    assert find_send_time(kyiv(10, 14, 30), HOUR, siesta) == kyiv(10, 13)


def test_quiet_hours_follow_the_clock_of_the_person():
    toronto = QuietHours(time(22), time(8), ZoneInfo("America/Toronto"))
    starts_at = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)  # 08:30 in Toronto
    assert find_send_time(starts_at, HOUR, toronto) == datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_quiet_hours_end_by_the_new_clock_after_a_change():
    """On 29 March 2026 Kyiv turns its clocks from 03:00 to 04:00, on 25 October from 04:00 back."""
    assert find_send_time(kyiv(29, 8, 30), HOUR, NIGHT) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    autumn = kyiv(25, 8, 30, month=10)
    assert find_send_time(autumn, HOUR, NIGHT) == datetime(2026, 10, 25, 6, tzinfo=UTC)


def test_both_of_the_doubled_times_are_quiet():
    early = QuietHours(time(22), time(3, 30), KYIV)
    first, second = (datetime(2026, 10, 25, hour, 15, tzinfo=UTC) for hour in (0, 1))  # 03:15 twice
    end = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    for due in (first, second):
        assert find_send_time(due + 5 * HOUR, 5 * HOUR, early) == end


def test_skipped_time_ends_quiet_hours_after_the_gap():
    early = QuietHours(time(22), time(3, 30), KYIV)
    due = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    sent = find_send_time(due + 5 * HOUR, 5 * HOUR, early)
    assert sent == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 04:30, which 03:30 stands for


def test_late_reminder_waits_for_the_end_of_quiet_hours():
    starts_at = kyiv(11, 20)
    assert find_send_time(starts_at, DAY, NIGHT, now=kyiv(10, 23)) == kyiv(11, 8)
    assert find_send_time(starts_at, DAY, NIGHT, now=kyiv(10, 21)) == kyiv(10, 21)


def test_late_reminder_is_sent_within_quiet_hours_if_the_lesson_is_too():
    assert find_send_time(kyiv(10, 7), HOUR, NIGHT, now=kyiv(10, 6, 30)) <= kyiv(10, 6, 30)


@pytest.mark.parametrize(
    ("lead", "end"),
    [
        (DAY, kyiv(9, 15) + 12 * HOUR),
        (3 * HOUR, kyiv(10, 13, 30)),
        (HOUR, kyiv(10, 15)),
        (timedelta(minutes=5), kyiv(10, 15)),
    ],
)
def test_late_reminder_is_of_use_for_half_its_lead_or_until_the_lesson(lead, end):
    assert find_use_end(kyiv(10, 15), lead, None) == end


def test_use_of_a_delayed_reminder_counts_from_when_it_is_sent():
    starts_at = kyiv(10, 20)  # a day before is within quiet hours that end at noon
    late_riser = QuietHours(time(19), time(12), KYIV)
    assert find_send_time(starts_at, DAY, late_riser) == kyiv(10, 12)
    assert find_use_end(starts_at, DAY, late_riser) == kyiv(10, 16)
