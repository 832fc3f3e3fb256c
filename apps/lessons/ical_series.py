"""A lesson series as one recurring iCalendar event, with what differs from its rule (RFC 5545).

What is written is checked against the lessons that exist: dates of the rule without a lesson become
EXDATE, and lessons that differ from most others, or are not on a date of the rule, get an event of
their own with RECURRENCE-ID. So readers see the same lessons as on our pages, however the series
was changed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Event
from icalendar.prop import vDDDLists, vRecur

from apps.accounts.models import User
from apps.lessons.calendar_ids import sequence_of, series_uid
from apps.lessons.ical import build_event, in_zone, list_students, summarize
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.series.rules import parse_rule, to_instant


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A lesson of the series as one reader sees it."""

    lesson: Lesson
    students: Sequence[User]
    is_cancelled: bool = False

    @property
    def original(self) -> datetime:
        assert self.lesson.original_starts_at is not None  # noqa: S101 -- of a series
        return self.lesson.original_starts_at

    def form(self, reader: User) -> tuple[Any, ...]:
        """The length, title and people that most occurrences have in common."""
        students = () if reader.pk != self.lesson.tutor_id else tuple(s.pk for s in self.students)
        return self.lesson.title, self.lesson.ends_at - self.lesson.starts_at, students


def build_series_events(
    series: LessonSeries,
    occurrences: Iterable[Occurrence],
    *,
    reader: User,
    installation: str,
    changed_at: datetime,
) -> list[Event]:
    """The recurring event and the events of single occurrences. `occurrences` belong to the series;
    `changed_at` is when any of its lessons last changed, also one that the reader does not see."""
    by_start = {one.original: one for one in occurrences}
    regular = _find_regular(series, by_start.values(), reader)
    if not regular:
        return [build_occurrence(one, reader, installation) for one in by_start.values()]
    excluded, differing = _compare_with_rule(series, by_start, regular)
    master = _build_master(series, regular, reader, installation, changed_at)
    if excluded:
        master["EXDATE"] = vDDDLists([_in_zone(start, series.zone) for start in excluded])
    return [master, *(build_occurrence(one, reader, installation) for one in differing)]


def _find_regular(
    series: LessonSeries, occurrences: Iterable[Occurrence], reader: User
) -> list[Occurrence]:
    """The occurrences at their own time that look alike, in order: the most of them."""
    planned = [one for one in occurrences if _is_planned(series, one)]
    if not planned:
        return []
    [(usual, _count)] = Counter(one.form(reader) for one in planned).most_common(1)
    return sorted(
        (one for one in planned if one.form(reader) == usual), key=lambda one: one.original
    )


def _is_planned(series: LessonSeries, one: Occurrence) -> bool:
    """Whether it is held when the rule says. Not if a clock change skips that time, which RFC 5545
    leaves out (§3.3.10), nor if clocks change during it, where programs disagree on the end."""
    lesson = one.lesson
    if one.is_cancelled or lesson.is_cancelled or lesson.starts_at != one.original:
        return False
    starts_at, ends_at = (
        when.astimezone(series.zone).replace(tzinfo=None)
        for when in (lesson.starts_at, lesson.ends_at)
    )
    is_steady = ends_at - starts_at == lesson.ends_at - lesson.starts_at
    return is_steady and starts_at.time() == series.start_time


def _compare_with_rule(
    series: LessonSeries, by_start: dict[datetime, Occurrence], regular: Sequence[Occurrence]
) -> tuple[list[datetime], list[Occurrence]]:
    """The local dates of the rule without a lesson, and the occurrences that the rule does not
    describe."""
    zone = series.zone
    described = {one.original for one in regular}
    excluded, found = [], set()
    for local in _expand(series, regular):
        start = to_instant(local, zone)
        if start in described:
            found.add(start)
        elif start not in by_start:
            excluded.append(local)
    return excluded, [one for start, one in sorted(by_start.items()) if start not in found]


def _expand(series: LessonSeries, regular: Sequence[Occurrence]) -> list[datetime]:
    """The local times that a reader of the recurring event computes."""
    zone = series.zone
    first, last = (
        one.original.astimezone(zone).replace(tzinfo=None) for one in (regular[0], regular[-1])
    )
    if series.day_shift:
        return [one.original.astimezone(zone).replace(tzinfo=None) for one in regular]
    rule = rrulestr(str(parse_rule(series.rrule).ending_on(None)), dtstart=first)
    return list(rule.between(first, last, inc=True))


def _build_master(
    series: LessonSeries,
    regular: Sequence[Occurrence],
    reader: User,
    installation: str,
    changed_at: datetime,
) -> Event:
    first, last = regular[0], regular[-1]
    changed_at = max(changed_at, series.updated_at)
    event = Event()
    event.add("UID", series_uid(series.pk, installation))
    event.add("DTSTAMP", changed_at)
    event.add("DTSTART", in_zone(first.original, series.zone))
    event.add("DURATION", first.lesson.ends_at - first.lesson.starts_at)
    if series.day_shift:  # no rule says that
        later = [in_zone(one.original, series.zone) for one in regular[1:]]
        if later:
            event["RDATE"] = vDDDLists(later)
    else:
        until = last.original.astimezone(UTC)
        rule = parse_rule(series.rrule).ending_on(None)
        event["RRULE"] = vRecur.from_ical(f"{rule};UNTIL={until:%Y%m%dT%H%M%SZ}")
    event.add("SUMMARY", summarize(first.lesson, reader, first.students))
    url = f"{settings.PUBLIC_URL}/calendar/"
    page = _("All lessons: %(url)s") % {"url": url}
    lines = [page, *list_students(first.lesson, reader, first.students)]
    event.add("DESCRIPTION", "\n".join(lines))
    event.add("URL", url)
    event.add("STATUS", "CONFIRMED")
    event.add("TRANSP", "OPAQUE")
    event.add("SEQUENCE", sequence_of(series, changed_at))
    event.add("CREATED", series.created_at)
    event.add("LAST-MODIFIED", changed_at)
    return event


def build_occurrence(one: Occurrence, reader: User, installation: str) -> Event:
    return build_event(
        one.lesson,
        reader=reader,
        students=one.students,
        installation=installation,
        is_cancelled=one.is_cancelled,
    )


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """A clock time of the zone, which is kept even if a clock change skips it."""
    return local.replace(tzinfo=UTC if zone.key == "UTC" else zone)
