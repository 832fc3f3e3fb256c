"""Slots of a tutor for a person, and what makes the tutor or the person busy."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apps.accounts.models import User
from apps.booking.availability import get_availability, load_schedule
from apps.booking.slots import (
    Schedule,
    Span,
    StudentDay,
    find_open_spans,
    find_slots,
    widen,
)
from apps.booking.student_hours import load_day
from apps.common.db import select_rows
from apps.lessons.conflicts import find_conflicts

# The rows of BusyTime, and those of SlotHold that have not expired; tests compare them.
_BLOCKED = """
SELECT busy.starts_at, busy.ends_at, CAST(NULL AS bigint) AS student_id
FROM booking_busytime AS busy
JOIN booking_externalcalendar AS calendar ON calendar.id = busy.calendar_id
WHERE calendar.tutor_id = %s AND busy.starts_at < %s AND busy.ends_at > %s
UNION ALL
SELECT hold.starts_at, hold.ends_at, hold.student_id
FROM booking_slothold AS hold
WHERE hold.tutor_id = %s AND hold.starts_at < %s AND hold.ends_at > %s AND hold.expires_at > %s
"""
MAX_SPAN = timedelta(days=62)
NEXT_SLOTS = 3


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """`lessons` has the breaks between the tutor's lessons, and what other students hold."""

    lessons: list[Span]
    external: list[Span]


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """Finds what a tutor offers to a viewer: a student, or the tutor.

    The time of the lesson `moving`, which the student wants to move, counts as free. A newcomer is
    offered what the tutor sees, within the newcomer's day.
    """

    tutor: User
    viewer: User
    schedule: Schedule
    moving: int | None = None
    newcomer: StudentDay | None = None

    def find(self, span: Span, length: timedelta, now: datetime) -> list[Span]:
        """Free slots that start in the half-open span."""
        bookable = self.schedule.bookable(now)
        start, end = max(span[0], bookable[0]), min(span[1], bookable[1] + length)
        open_spans = find_open_spans(self.schedule, start, end) if start < end else []
        if not open_spans:
            return []
        day = self._find_day()
        suited = None if day is None else (day, self.schedule.zone)
        busy = self.find_busy((open_spans[0][0], open_spans[-1][1]), now)
        found = find_slots(open_spans, busy.lessons + busy.external, length, bookable, suited)
        return [slot for slot in found if span[0] <= slot[0] < span[1]]

    def _find_day(self) -> StudentDay | None:
        if self.newcomer is not None:
            return self.newcomer
        return None if self.viewer == self.tutor else load_day(self.viewer)

    def find_next(self, wanted: Span, now: datetime) -> list[Span]:
        """Up to NEXT_SLOTS free slots of the wanted length, from the wanted start on if there are
        any, else the first ones."""
        for start in (wanted[0], now):
            found = self.find((start, start + MAX_SPAN), wanted[1] - wanted[0], now)
            if found:
                return found[:NEXT_SLOTS]
        return []

    def find_busy(self, span: Span, now: datetime) -> BusyTimes:
        buffer = self.schedule.buffer
        wide = span[0] - buffer, span[1] + buffer
        students = [self.viewer.pk] if self.viewer != self.tutor else []
        moving = [] if self.moving is None else [self.moving]
        conflicts = find_conflicts(self.tutor, students, wide, exclude=moving)
        times = [(c.student_id is None, (c.starts_at, c.occupied_until)) for c in conflicts]
        external, held = self._find_blocked(span, wide, now)
        taught = [span for is_own, span in times if is_own] + held
        attended = [span for is_own, span in times if not is_own]
        return BusyTimes(widen(taught, buffer) + attended, external)

    def _find_blocked(self, span: Span, wide: Span, now: datetime) -> tuple[list[Span], list[Span]]:
        """Busy times of external calendars in `span`, and slots in `wide` that other students hold;
        in one query."""
        tutor = self.tutor.pk
        values = tutor, span[1], span[0], tutor, wide[1], wide[0], now
        external: list[Span] = []
        held: list[Span] = []
        for starts_at, ends_at, student in select_rows(_BLOCKED, *values):
            if student != self.viewer.pk:
                blocked = external if student is None else held
                blocked.append((starts_at.replace(tzinfo=UTC), ends_at.replace(tzinfo=UTC)))
        return external, held


def list_slots(
    tutor: User, viewer: User, span: Span, minutes: int | None, now: datetime
) -> list[Span]:
    """None for a length that the tutor does not offer; by default the first of the lengths."""
    schedule = load_schedule(get_availability(tutor))
    length = minutes or schedule.lesson_minutes[0]
    if length not in schedule.lesson_minutes:
        return []
    return SlotSearch(tutor, viewer, schedule).find(span, timedelta(minutes=length), now)
