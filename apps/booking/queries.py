"""Slots of a tutor for a person, and what makes the tutor or the person busy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.accounts.models import User
from apps.booking.availability import get_availability, load_schedule
from apps.booking.models import BusyTime, SlotHold
from apps.booking.slots import (
    Schedule,
    Span,
    StudentDay,
    find_open_spans,
    find_slots,
    widen,
)
from apps.booking.student_hours import load_day
from apps.lessons.conflicts import find_conflicts

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
        taught = [span for is_own, span in times if is_own] + self._find_held(wide, now)
        attended = [span for is_own, span in times if not is_own]
        external = BusyTime.objects.filter(
            calendar__tutor=self.tutor, starts_at__lt=span[1], ends_at__gt=span[0]
        )
        return BusyTimes(
            widen(taught, buffer) + attended,
            list(external.values_list("starts_at", "ends_at")),
        )

    def _find_held(self, span: Span, now: datetime) -> list[Span]:
        """Slots in the forms of other students."""
        holds = SlotHold.objects.filter(
            tutor=self.tutor, expires_at__gt=now, starts_at__lt=span[1], ends_at__gt=span[0]
        )
        others = holds.exclude(student=self.viewer.pk)
        return list(others.values_list("starts_at", "ends_at"))


def list_slots(
    tutor: User, viewer: User, span: Span, minutes: int | None, now: datetime
) -> list[Span]:
    """None for a length that the tutor does not offer; by default the first of the lengths."""
    schedule = load_schedule(get_availability(tutor))
    length = minutes or schedule.lesson_minutes[0]
    if length not in schedule.lesson_minutes:
        return []
    return SlotSearch(tutor, viewer, schedule).find(span, timedelta(minutes=length), now)
