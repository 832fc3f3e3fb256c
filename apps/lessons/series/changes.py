"""Moves, renames and cancels several lessons of a series, planned before anything is written."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from apps.classroom.realtime.notify import recheck_lesson
from apps.common.errors import invalid
from apps.common.turns import turn
from apps.lessons.booking import to_domain_error
from apps.lessons.limits import check_limits
from apps.lessons.models import Lesson, LessonChange, LessonSeries
from apps.lessons.series import notices
from apps.lessons.series.planning import Occurrence, allow, with_conflicts
from apps.lessons.series.rows import write_lessons
from apps.lessons.series.rules import parse_rule, to_instant
from apps.lessons.series.scope import (
    Scope,
    ScopedLessons,
    close,
    last_date_of_rule,
    local_date,
    lock_scope,
    split,
)
from apps.lessons.series.services import conflict_error
from apps.lessons.series.undo import recorded
from apps.lessons.services import ExpectedState, check_duration

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change of one lesson that its series follows."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    title: str | None = None
    allow_overlap: bool = False
    reset_exceptions: bool = False

    @property
    def is_empty(self) -> bool:
        return self.title is None and not self.concerns_times

    @property
    def concerns_times(self) -> bool:
        return bool(self.starts_at or self.ends_at or self.reset_exceptions)


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A lesson as it is and as it will be; `occurrence` is None if its time stays."""

    lesson: Lesson
    starts_at: datetime
    ends_at: datetime
    title: str
    original_starts_at: datetime
    occurrence: Occurrence | None = None
    is_cancelled: bool = False

    @property
    def is_moved(self) -> bool:
        return (self.starts_at, self.ends_at) != (self.lesson.starts_at, self.lesson.ends_at)

    @property
    def detail(self) -> str | None:
        return self.occurrence.detail if self.occurrence is not None else None


@dataclass(frozen=True, slots=True)
class Difference:
    """The move of a series in wall-clock time, and the change of its lessons' length."""

    shift: timedelta
    longer: timedelta

    @classmethod
    def of(cls, lesson: Lesson, series: LessonSeries, wanted: Wanted) -> "Difference":
        """Raises `validation_error` for a duration that a series cannot have."""
        zone = series.recurrence.zone
        start, end = wanted.starts_at or lesson.starts_at, wanted.ends_at or lesson.ends_at
        check_duration(start, end)
        local = [
            moment.astimezone(zone).replace(tzinfo=None) for moment in (lesson.starts_at, start)
        ]
        longer = (end - start) - (lesson.ends_at - lesson.starts_at)
        if longer % _MINUTE:
            raise invalid(ends_at=_("The lessons of a series last whole minutes."))
        return cls(local[1] - local[0], longer)


def change_series(
    *,
    lesson: Lesson,
    scope: Scope,
    wanted: Wanted,
    expected: ExpectedState | None = None,
) -> LessonChange | None:
    """Apply a change of one lesson to its series, by the same difference in wall-clock time.

    Raises `lesson_conflict`, `precondition_failed` or `validation_error`; then nothing changes.
    """
    now = clock.now()
    try:
        with turn(lesson.tutor_id), transaction.atomic():
            scoped = lock_scope(lesson, scope, now)
            if expected is not None:
                expected.check(lesson)
            planned = plan_changes(lesson, scoped, wanted)
            if not planned or wanted.is_empty:
                return None
            ids = Lesson.objects.filter(series=scoped.series).values_list("pk", flat=True)
            with recorded(
                tutor=scoped.tutor,
                kind=LessonChange.Kind.MOVED,
                lesson_ids=ids,
                series_ids=[scoped.series.pk],
            ) as recording:
                before = {row.pk: (row.starts_at, row.ends_at) for row in scoped.changeable}
                _check(scoped, planned, now)
                series = _split_for(scoped, scope, planned, wanted, recording.new_series)
                _update_series(series, lesson, wanted)
                _write(planned)
            _notify(scoped, planned, before)
    except IntegrityError as exc:
        raise to_domain_error(exc) from exc
    lesson.refresh_from_db()
    return recording.change


def plan_changes(lesson: Lesson, scoped: ScopedLessons, wanted: Wanted) -> list[PlannedChange]:
    """Every occurrence from the first that changes, cancelled ones too, since their original start
    moves with the rule; empty if none is left to change."""
    if not scoped.changeable:
        return []
    series, changeable = scoped.series, {row.pk for row in scoped.changeable}
    first = min(_original(row) for row in scoped.changeable)
    difference = Difference.of(lesson, series, wanted)
    planned = []
    for row in scoped.rows:
        if _original(row) >= first:
            change = _keep(row, series, difference)
            if row.pk in changeable:
                change = _change(change, lesson, series, wanted, difference)
            planned.append(change)
    return _with_conflicts(scoped, planned, wanted)


def plan_single(lesson: Lesson, scoped: ScopedLessons, wanted: Wanted) -> list[PlannedChange]:
    """The change of one lesson alone, in a series or not."""
    start, end = wanted.starts_at or lesson.starts_at, wanted.ends_at or lesson.ends_at
    check_duration(start, end)
    title = lesson.title if wanted.title is None else wanted.title
    original = lesson.original_starts_at or start
    return _with_conflicts(scoped, [PlannedChange(lesson, start, end, title, original)], wanted)


def _original(row: Lesson) -> datetime:
    assert row.original_starts_at is not None  # noqa: S101 -- of an occurrence
    return row.original_starts_at


def _keep(row: Lesson, series: LessonSeries, difference: Difference) -> PlannedChange:
    """The occurrence by the moved rule, with its own time and title."""
    day = local_date(series, _original(row))
    regular = datetime.combine(day, series.start_time) + difference.shift
    start = to_instant(regular, series.recurrence.zone) if difference.shift else _original(row)
    return PlannedChange(row, row.starts_at, row.ends_at, row.title, start)


def _change(
    change: PlannedChange,
    lesson: Lesson,
    series: LessonSeries,
    wanted: Wanted,
    difference: Difference,
) -> PlannedChange:
    """Keep what was changed by hand, unless the exceptions are reset."""
    row = change.lesson
    is_exception = (row.starts_at, row.ends_at - row.starts_at) != (_original(row), series.duration)
    if row.pk == lesson.pk and not wanted.reset_exceptions:
        start, end = wanted.starts_at or row.starts_at, wanted.ends_at or row.ends_at
        change = replace(change, starts_at=start, ends_at=end)
    elif not is_exception or wanted.reset_exceptions:
        start = change.original_starts_at
        end = start + series.duration + difference.longer
        check_duration(start, end)
        change = replace(change, starts_at=start, ends_at=end)
    title = series.title if wanted.title is None else wanted.title
    if wanted.reset_exceptions or (
        wanted.title is not None and (row.pk == lesson.pk or row.title == series.title)
    ):
        change = replace(change, title=title)
    return change


def _with_conflicts(
    scoped: ScopedLessons, planned: list[PlannedChange], wanted: Wanted
) -> list[PlannedChange]:
    moved = {change.lesson.pk: change for change in planned if change.is_moved}
    occurrences = [
        Occurrence(
            change.original_starts_at,
            change.starts_at,
            change.ends_at,
            student_ids=frozenset(scoped.attending[change.lesson.pk]),
        )
        for change in moved.values()
    ]
    students = scoped.students_of([change.lesson for change in moved.values()])
    checked = with_conflicts(scoped.tutor, students, occurrences, exclude=moved)
    if wanted.allow_overlap:
        checked = [allow(one, scoped.tutor) for one in checked]
    found = {one.original_starts_at: one for one in checked}
    return [
        replace(change, occurrence=found[change.original_starts_at]) if change.is_moved else change
        for change in planned
    ]


def _check(scoped: ScopedLessons, planned: Sequence[PlannedChange], now: datetime) -> None:
    """Raises `lesson_conflict` or `validation_error`. Sets the new times of the lessons."""
    blocked = [c.occurrence for c in planned if c.occurrence and c.occurrence.is_blocked]
    if blocked:
        raise conflict_error(blocked)
    groups: defaultdict[frozenset[int], list[Lesson]] = defaultdict(list)
    for change in planned:
        lesson = change.lesson
        if change.is_moved:
            lesson.starts_at, lesson.ends_at, lesson.ended_at = (
                change.starts_at,
                change.ends_at,
                None,
            )
            lesson.allow_overlap = bool(change.occurrence and change.occurrence.allow_overlap)
            groups[frozenset(scoped.attending[lesson.pk])].append(lesson)
        lesson.title, lesson.original_starts_at = change.title, change.original_starts_at
    for ids, lessons in groups.items():
        students = [scoped.people[pk] for pk in sorted(ids)]
        check_limits(scoped.tutor.pk, students, lessons, now)


def _split_for(
    scoped: ScopedLessons,
    scope: Scope,
    planned: Sequence[PlannedChange],
    wanted: Wanted,
    new_series: list[int],
) -> LessonSeries:
    """The series that the planned lessons belong to afterwards. With FOLLOWING the earlier part
    keeps the id; with ALL the later one, and lessons that are over get a series of their own."""
    series = scoped.series
    boundary = Lesson.objects.values_list("original_starts_at", flat=True).get(
        pk=planned[0].lesson.pk
    )
    earlier = Lesson.objects.filter(series=series, original_starts_at__lt=boundary)
    if boundary is None or not earlier.exists():
        return series
    if scope is Scope.ALL and not wanted.concerns_times:
        return series
    other = split(series, boundary, keep_later=scope is Scope.ALL)
    new_series.append(other.pk)
    later = series if scope is Scope.ALL else other
    for change in planned:
        change.lesson.series = later
    return later


def _update_series(series: LessonSeries, lesson: Lesson, wanted: Wanted) -> None:
    """Move the rule with its lessons. `lesson` is still as it was."""
    difference = Difference.of(lesson, series, wanted)
    if wanted.title is not None:
        series.title = wanted.title
    series.duration_minutes += int(difference.longer / _MINUTE)
    start = datetime.combine(series.start_date, series.start_time)
    moved = start + difference.shift
    days = (moved.date() - start.date()).days
    rule = parse_rule(series.rrule)
    if rule.until is not None:
        rule = rule.ending_on(last_date_of_rule(series))
    series.start_time = moved.time()
    shifted = rule.moved_by_days(days)
    if shifted is None:
        series.day_shift += days
        series.rrule = str(rule)
    else:
        series.start_date, series.rrule = moved.date(), str(shifted)
    shift = timedelta(days=days)
    series.covered_until += shift
    series.ends_on = series.ends_on + shift if series.ends_on is not None else None
    series.skip_dates = [
        (datetime.combine(datetime.fromisoformat(day), time()) + shift).date().isoformat()
        for day in series.skip_dates
    ]
    series.save()


def _write(planned: Sequence[PlannedChange]) -> None:
    fields = ["starts_at", "ends_at", "ended_at", "title", "allow_overlap"]
    write_lessons(
        [change.lesson for change in planned], [*fields, "series_id", "original_starts_at"]
    )


def _notify(scoped: ScopedLessons, planned: Sequence[PlannedChange], before: notices.Times) -> None:
    moved = [change.lesson for change in planned if change.occurrence is not None]
    if not moved:
        return
    students = scoped.students_of(moved)
    is_split = moved[0].series_id != scoped.series.pk
    former_series = scoped.series.pk if is_split else None
    notices.notify_moved(scoped.tutor, moved, students, before=before, former_series=former_series)


def plan_cancellation(scoped: ScopedLessons) -> list[PlannedChange]:
    return [
        PlannedChange(row, row.starts_at, row.ends_at, row.title, row.starts_at, is_cancelled=True)
        for row in scoped.changeable
    ]


def cancel_lessons(*, lesson: Lesson, scope: Scope, reason: str = "") -> LessonChange | None:
    """Cancel the lessons in scope that have not started, and end the series before the first."""
    now = clock.now()
    with turn(lesson.tutor_id), transaction.atomic():
        scoped = lock_scope(lesson, scope, now)
        with recorded(
            tutor=scoped.tutor,
            kind=LessonChange.Kind.CANCELLED,
            lesson_ids=[row.pk for row in scoped.changeable],
            series_ids=[scoped.series.pk],
        ) as recording:
            cancel_locked(scoped, now, reason)
    lesson.refresh_from_db()
    return recording.change


def cancel_locked(
    scoped: ScopedLessons, now: datetime, reason: str = "", *, tells_students: bool = True
) -> None:
    cancelled = scoped.changeable
    if not cancelled:
        return
    ids = [row.pk for row in cancelled]
    Lesson.objects.filter(pk__in=ids).update(
        status=Lesson.Status.CANCELLED, cancelled_at=now, cancel_reason=reason, ended_at=None
    )
    _end_series(scoped)
    if tells_students:
        students = scoped.students_of(cancelled)
        notices.notify_cancelled(scoped.tutor, cancelled, students, reason)
    for pk in ids:
        transaction.on_commit(partial(recheck_lesson, pk))


def _end_series(scoped: ScopedLessons) -> None:
    """A series of which every lesson was cancelled keeps its rule, but gets no more of them."""
    series, changed = scoped.series, scoped.changeable
    rule, day = parse_rule(series.rrule), local_date(series, _original(changed[0]))
    if day > series.starts_at.date():
        close(series, rule, day)
    elif series.ends_on is None:
        close(series, rule, series.covered_until + timedelta(days=1))
    series.save()
