from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.utils import translation

from apps.web.shared.local_time import format_span, format_until, local_to_utc
from tests.builders import HOUR

KYIV = ZoneInfo("Europe/Kyiv")


def test_expiry_is_formatted_by_day():
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    with translation.override("en"):
        assert format_until(now + 6 * HOUR, KYIV, now) == "until 18:00 today"
        assert format_until(now + 24 * HOUR, KYIV, now) == "until 12:00 tomorrow"
        assert format_until(now + 72 * HOUR, KYIV, now) == "until 12:00 on 5 March"


def test_days_are_formatted_in_each_time_zone():
    now = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)
    with translation.override("en"):
        assert format_span(now + HOUR, now + 2 * HOUR, KYIV, now) == "tomorrow, 00:30–01:30"
        toronto = ZoneInfo("America/Toronto")
        assert format_span(now, now + HOUR, toronto, now).startswith("today, 16:30")
    with translation.override("uk"):
        words = format_span(now + 72 * HOUR, now + 73 * HOUR, KYIV, now)
        assert words.startswith("четвер, 5 березня")


def test_ambiguous_local_time_is_the_first_and_skipped_is_none():
    day = date(2026, 10, 25)
    assert local_to_utc(day, time(3, 30), KYIV) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert local_to_utc(date(2026, 3, 29), time(3, 30), KYIV) is None
