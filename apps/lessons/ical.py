"""Lessons as iCalendar events (RFC 5545), for the feed and for mail. No queries.

An event is written for one reader: in the reader's language, which the caller activates, and time
zone.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event
from icalendar.prop import vText

from apps.accounts.models import User
from apps.lessons.calendar_ids import uid_of
from apps.lessons.models import Lesson
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
    starts_at, ends_at = local_times(lesson, reader.zone)
    event.add("DTSTART", starts_at)
    event.add("DTEND", ends_at)
    event.add("SUMMARY", summarize(lesson, reader, students))
    url = f"{settings.PUBLIC_URL}/lessons/{lesson.pk}/"
    event.add("DESCRIPTION", describe(lesson, reader, students, url))
    event.add("URL", url)
    is_cancelled = is_cancelled or lesson.is_cancelled
    event.add("STATUS", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if is_cancelled else "OPAQUE")
    event.add("SEQUENCE", lesson.sequence)
    event.add("CREATED", lesson.created_at)
    event.add("LAST-MODIFIED", lesson.updated_at)
    return event


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


def describe(lesson: Lesson, reader: User, students: Sequence[User], url: str) -> str:
    lines = [_("Lesson page: %(url)s") % {"url": url}]
    if reader.pk == lesson.tutor_id and len(students) > MAX_NAMES:
        lines += ["", *(student.get_full_name() for student in students)]
    return "\n".join(lines)


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
        for when in (event.start, event.end):
            if isinstance(when, datetime) and isinstance(when.tzinfo, ZoneInfo):
                first, last = years.get(when.tzinfo, (when.year, when.year))
                years[when.tzinfo] = min(first, when.year), max(last, when.year)
    return dict(sorted(years.items(), key=lambda item: item[0].key))
