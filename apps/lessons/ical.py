"""Lessons as iCalendar events (RFC 5545), for the feed and for mail. No queries.

An event is written for one reader: in the reader's language, which the caller activates, and time
zone.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event
from icalendar.prop import vText

from apps.accounts.models import User
from apps.lessons.calendar_ids import sequence_of, uid_of
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.series.rules import to_instant
from apps.lessons.vtimezones import build_timezone

PRODUCT_ID = "-//Kreida//Lessons//EN"
MAX_NAMES = 3  # of students in a summary


def build_event(
    lesson: Lesson,
    *,
    reader: User,
    students: Sequence[User],
    installation: str,
    is_cancelled: bool = False,
) -> Event:
    """`students` are those who attend, in their order. `is_cancelled` is whether the reader's own
    participation is.

    DTSTAMP is the time of the last change, which suits a feed; with a METHOD it is the time of
    sending (RFC 5545 §3.8.7.2).
    """
    event = Event()
    event.add("UID", uid_of(lesson, installation))
    event.add("DTSTAMP", lesson.updated_at)
    zone, sequence = reader.zone, lesson.sequence
    if lesson.series is not None and lesson.original_starts_at is not None:
        zone, sequence = lesson.series.zone, sequence_of(lesson.series, lesson.updated_at)
        event.add("RECURRENCE-ID", recurrence_id(lesson.series, lesson.original_starts_at))
    starts_at, ends_at = local_times(lesson, zone)
    event.add("DTSTART", starts_at)
    event.add("DTEND", ends_at)
    event.add("SUMMARY", summarize(lesson, reader, students))
    url = f"{settings.PUBLIC_URL}/lessons/{lesson.pk}/"
    page = _("Lesson page: %(url)s") % {"url": url}
    event.add("DESCRIPTION", "\n".join([page, *list_students(lesson, reader, students)]))
    event.add("URL", url)
    is_cancelled = is_cancelled or lesson.is_cancelled
    confirmed = "TENTATIVE" if lesson.is_requested else "CONFIRMED"
    event.add("STATUS", "CANCELLED" if is_cancelled else confirmed)
    event.add("TRANSP", "TRANSPARENT" if is_cancelled else "OPAQUE")
    event.add("SEQUENCE", sequence)
    event.add("CREATED", lesson.created_at)
    event.add("LAST-MODIFIED", lesson.updated_at)
    return event


def recurrence_id(series: LessonSeries, original_starts_at: datetime) -> datetime:
    """The clock time by the rule, also where a clock change skips it and the lesson is later: it
    means the same instant (RFC 5545 §3.3.5), and some programs compare the clock times."""
    local = in_zone(original_starts_at, series.zone)
    by_rule = datetime.combine(local.date(), series.start_time)
    if to_instant(by_rule, series.zone) == original_starts_at:
        return by_rule.replace(tzinfo=local.tzinfo)
    return local


def in_zone(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(UTC if zone.key == "UTC" else zone)


def local_times(lesson: Lesson, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end in the zone, or in UTC if the zone could not tell them: a local time that comes
    twice means the first (RFC 5545 §3.3.5)."""
    starts_at, ends_at = (when.astimezone(zone) for when in (lesson.starts_at, lesson.ends_at))
    if zone.key == "UTC" or starts_at.fold or ends_at.fold:
        return lesson.starts_at.astimezone(UTC), lesson.ends_at.astimezone(UTC)
    return starts_at, ends_at


def summarize(lesson: Lesson, reader: User, students: Sequence[User]) -> str:
    names = _names(lesson, reader, students)
    if lesson.title:
        return f"{lesson.title} · {names}"
    return _("Lesson with %(name)s") % {"name": names}


def list_students(lesson: Lesson, reader: User, students: Sequence[User]) -> list[str]:
    """Lines with all students of a group, of which a summary has no more than a few."""
    if reader.pk != lesson.tutor_id or len(students) <= MAX_NAMES:
        return []
    return ["", *(student.get_full_name() for student in students)]


def _names(lesson: Lesson, reader: User, students: Sequence[User]) -> str:
    """A student sees the tutor; the tutor sees the students."""
    if reader.pk != lesson.tutor_id:
        return lesson.tutor.get_full_name()
    names = [student.get_full_name() for student in students]
    others = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" +{others}" if others > 0 else "")


def build_calendar(
    events: Iterable[Event], *, name: str = "", refresh: str = "", method: str = ""
) -> bytes:
    """The calendar as a file, with the time zones that the events use. `refresh` is how often to
    fetch it again, such as PT1H, under the names of RFC 7986 and of Outlook."""
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODUCT_ID)
    calendar.add("CALSCALE", "GREGORIAN")
    if method:
        calendar.add("METHOD", method)
    if name:
        calendar.add("NAME", name)
        calendar.add("X-WR-CALNAME", name)
    if refresh:
        calendar["REFRESH-INTERVAL"] = vText(refresh, params={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", refresh)
    head, foot = bytes(calendar.to_ical()).split(b"END:VCALENDAR")
    events = list(events)
    zones = [build_timezone(zone, *years) for zone, years in _zones(events).items()]
    return b"".join(
        [head, *zones, *(bytes(event.to_ical()) for event in events), b"END:VCALENDAR", foot]
    )


def _zones(events: Iterable[Event]) -> dict[ZoneInfo, tuple[int, int]]:
    """The zones of the events, with the first and the last year that each is needed for."""
    years: dict[ZoneInfo, tuple[int, int]] = {}
    for event in events:
        properties: dict[str, Any] = dict(event)
        for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
            when = properties[name].dt if name in properties else None
            if isinstance(when, datetime) and isinstance(when.tzinfo, ZoneInfo):
                last = _last_year(properties) or when.year
                known = years.get(when.tzinfo, (when.year, last))
                years[when.tzinfo] = min(known[0], when.year), max(known[1], last)
    return dict(sorted(years.items(), key=lambda item: item[0].key))


def _last_year(properties: dict[str, Any]) -> int | None:
    if "RRULE" in properties:
        return int(properties["RRULE"]["UNTIL"][0].year)
    if "RDATE" in properties:
        return int(properties["RDATE"].dts[-1].dt.year)
    return None
