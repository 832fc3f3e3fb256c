"""A series as calendar messages for one student: always the whole series as it stands, so that one
message tells any change of it."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max
from icalendar import Event

from apps.accounts.models import User
from apps.common.mail import CalendarPart
from apps.lessons.calendar_ids import sequence_of, series_uid
from apps.lessons.feed.selection import PAST
from apps.lessons.ical import in_zone, summarize
from apps.lessons.ical_series import Occurrence, build_series_events
from apps.lessons.itip import address_event, build_part
from apps.lessons.models import Lesson, LessonSeries

MAX_SIZE = 100_000  # bytes; a longer part would make the mail too long for the queue


def build_parts(
    series_ids: Iterable[int], student: User, *, installation: str, now: datetime
) -> list[CalendarPart]:
    """A message for each series, in the given order; without those that would be too long, and
    those of which the student has never seen a lesson."""
    found = LessonSeries.objects.select_related("tutor").in_bulk(list(series_ids))
    parts = (
        _build_series_part(found[pk], student, installation, now)
        for pk in series_ids
        if pk in found
    )
    return [part for part in parts if part is not None and len(part.content) <= MAX_SIZE]


def _build_series_part(
    series: LessonSeries, student: User, installation: str, now: datetime
) -> CalendarPart | None:
    lessons = Lesson.objects.booked_for(student).not_cancelled()
    lessons = lessons.filter(series=series, starts_at__gt=now - PAST).select_related("tutor")
    booked = [Occurrence(lesson, [student]) for lesson in lessons.in_order()]
    for one in booked:
        one.lesson.series = series
    changed_at = _last_change(series)
    if not booked:
        event = _build_cancelled_event(series, student, installation, changed_at)
        events, method = ([event] if event is not None else []), "CANCEL"
    else:
        events = build_series_events(
            series, booked, reader=student, installation=installation, changed_at=changed_at
        )
        method = "REQUEST"
    for event in events:
        address_event(event, tutor=series.tutor, student=student, now=now)
    return build_part(method, events) if events else None


def _last_change(series: LessonSeries) -> datetime:
    latest = Lesson.objects.filter(series=series).aggregate(latest=Max("updated_at"))["latest"]
    return max(latest or series.updated_at, series.updated_at)


def _build_cancelled_event(
    series: LessonSeries, student: User, installation: str, changed_at: datetime
) -> Event | None:
    """STATUS only if nobody has a lesson of the series any more (RFC 5546 §3.2.5)."""
    lessons = Lesson.objects.filter(series=series).select_related("tutor", "series")
    first = lessons.order_by("original_starts_at").first()
    if first is None or first.original_starts_at is None:
        return None
    event = Event()
    event.add("UID", series_uid(series.pk, installation))
    event.add("DTSTART", in_zone(first.original_starts_at, series.zone))
    event.add("SUMMARY", summarize(first, student, [student]))
    event.add("SEQUENCE", sequence_of(series, changed_at))
    if not lessons.not_cancelled().exists():
        event.add("STATUS", "CANCELLED")
    return event


def build_gone_part(
    series_id: int,
    student: User,
    *,
    tutor: User,
    made_at: datetime,
    installation: str,
    now: datetime,
) -> CalendarPart:
    """For a series that was deleted when a change was undone; it was made by `made_at`."""
    event = Event()
    event.add("UID", series_uid(series_id, installation))
    event.add("DTSTART", now)
    event.add("SEQUENCE", int((now - made_at).total_seconds()) + 1)
    event.add("STATUS", "CANCELLED")
    address_event(event, tutor=tutor, student=student, now=now)
    return build_part("CANCEL", [event])
