"""Free slots of a tutor, computed from clock times with each day's own offset. No queries.

A window is bounded by what the clock shows: the part of it that a clock change skips does not
exist, and a time that comes twice is the first.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]
Minutes = tuple[int, int]  # of a day, from midnight

GRID = timedelta(minutes=5)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StudentDay:
    """When a student can have lessons, by the student's clock; `school` holds from Monday to
    Friday. What the student has not set holds only where the clock differs from the tutor's."""

    zone: ZoneInfo
    starts: time
    ends: time
    school: tuple[time, time] | None = None
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """An availability as it is used to compute slots. `holidays` are first and last dates."""

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[Minutes]] = field(default_factory=dict)
    exceptions: Mapping[date, Sequence[Minutes]] = field(default_factory=dict)
    holidays: Sequence[tuple[date, date]] = ()
    lesson_minutes: Sequence[int] = (60,)
    buffer: timedelta = timedelta()
    notice: timedelta = timedelta()
    window: timedelta = timedelta(days=30)
    requires_confirmation: bool = False

    def windows_of(self, day: date) -> Sequence[Minutes]:
        """A date that was set by itself counts also within holidays."""
        if day in self.exceptions:
            return self.exceptions[day]
        if any(first <= day <= last for first, last in self.holidays):
            return ()
        return self.weekly.get(day.weekday(), ())

    def bookable(self, now: datetime) -> Span:
        """The first and the last moment at which a lesson may start."""
        return now + self.notice, now + self.window


def find_open_spans(schedule: Schedule, start: datetime, end: datetime) -> list[Span]:
    """The windows that overlap [start, end), whole and merged where they touch, in order."""
    first = start.astimezone(schedule.zone).date() - DAY
    last = end.astimezone(schedule.zone).date() + DAY
    spans = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for begins, ends in schedule.windows_of(day):
            opens = to_instant(day, begins, schedule.zone)
            closes = to_instant(day, ends, schedule.zone)
            if opens < closes:
                spans.append((opens, closes))
    return [span for span in merge(spans) if span[0] < end and start < span[1]]


def to_instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A clock time that is skipped is the moment of the clock change."""
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    return _find_clock_change(local.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone)


def _find_clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def merge(spans: Iterable[Span]) -> list[Span]:
    """The union of spans as few as possible, in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def widen(spans: Iterable[Span], by: timedelta) -> list[Span]:
    return [(start - by, end + by) for start, end in spans]


def find_slots(
    open_spans: Sequence[Span],
    busy: Sequence[Span],
    length: timedelta,
    bookable: Span,
    suited: tuple[StudentDay, ZoneInfo] | None = None,
) -> list[Span]:
    """Slots of one length, in order. `busy` has the buffers already.

    A window is divided from its beginning, so that the hours stay the same from week to week;
    besides, a slot starts where something busy ends. `suited` has the student's day and the tutor's
    zone.
    """
    merged = merge(busy)
    earliest, latest = bookable
    found = []
    for span in open_spans:
        for start in _starts(span, merged, length):
            slot = (start, start + length)
            if earliest <= start <= latest and (suited is None or suits_student(slot, *suited)):
                found.append(slot)
    return found


def _starts(span: Span, busy: Sequence[Span], length: timedelta) -> Iterator[datetime]:
    opens = span[0]
    for begins, ends in free_spans(span, busy):
        on_grid = opens + -((opens - begins) // length) * length
        after_busy = _round_up(begins)
        if begins > opens and after_busy < on_grid and after_busy + length <= ends:
            yield after_busy
        while on_grid + length <= ends:
            yield on_grid
            on_grid += length


def _round_up(moment: datetime) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + -((midnight - moment) // GRID) * GRID


def free_spans(span: Span, busy: Sequence[Span]) -> Iterator[Span]:
    """Yield the gaps that merged busy spans leave in a span; bisect to the first that matters."""
    cursor, end = span
    first = bisect_right(busy, cursor, key=lambda each: each[1])
    for number in range(first, len(busy)):
        begins, ends = busy[number]
        if begins >= end:
            break
        if begins > cursor:
            yield cursor, begins
        cursor = ends
    if cursor < end:
        yield cursor, end


def suits_student(slot: Span, day: StudentDay, tutor_zone: ZoneInfo) -> bool:
    """Whether a slot is in the student's day and not in school hours."""
    begins, ends = (moment.astimezone(day.zone) for moment in slot)
    if not day.is_set and begins.utcoffset() == slot[0].astimezone(tutor_zone).utcoffset():
        return True  # the tutor has chosen the hours
    if begins.date() != ends.date() or begins.time() < day.starts or ends.time() > day.ends:
        return False
    if day.school is None or begins.weekday() > 4:
        return True
    return ends.time() <= day.school[0] or begins.time() >= day.school[1]


def is_within(slot: Span, spans: Iterable[Span]) -> bool:
    return any(start <= slot[0] and slot[1] <= end for start, end in spans)


def overlaps(slot: Span, spans: Iterable[Span]) -> bool:
    return any(slot[0] < end and start < slot[1] for start, end in spans)
