"""Feeds as calendar programs read them, by two parsers that have to agree: recurring-ical-events on
icalendar, and ical, which also refuses what RFC 5545 does not allow."""

from datetime import UTC, datetime, timedelta

import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from apps.lessons.feed.body import build_body
from apps.lessons.queries import list_lessons

NOW = datetime(2030, 10, 1, tzinfo=UTC)
START, END = NOW - timedelta(days=80), NOW + timedelta(days=365)


def parse(reader):
    return Calendar.from_ical(build_body(reader, NOW))


def master(reader):
    [found] = [e for e in parse(reader).walk("VEVENT") if "RRULE" in e or "RDATE" in e]
    return found


def overrides(reader):
    return [e for e in parse(reader).walk("VEVENT") if "RECURRENCE-ID" in e]


def expand(reader):
    """(start, end, summary) of the lessons that calendar programs show."""
    return expand_body(build_body(reader, NOW), START, END)


def expand_body(body, start, end):
    """The same of a feed's content, by two parsers, which have to agree."""
    found = recurring_ical_events.of(Calendar.from_ical(body)).between(start, end)
    first = sorted(
        (in_utc(e["DTSTART"].dt), in_utc(e["DTEND"].dt), str(e["SUMMARY"]))
        for e in found
        if e["STATUS"] != "CANCELLED"
    )
    strict = IcsCalendarStream.calendar_from_ics(body.decode())
    second = sorted(
        (in_utc(e.dtstart), in_utc(e.end), e.summary)
        for e in strict.timeline.overlapping(start, end)
        if e.status != "CANCELLED"
    )
    assert first == second, f"{set(first) ^ set(second)}\n{body.decode()}"
    return first


def in_utc(when):
    return when.astimezone(UTC)


def check(reader):
    """The feed shows the lessons of the pages' calendar."""
    shown = [
        (row["starts_at"], row["ends_at"])
        for row in list_lessons(reader, START, END, include_cancelled=False)
    ]
    assert [(start, end) for start, end, _summary in expand(reader)] == sorted(shown)
    return shown
