"""Which lessons of a series a change concerns, and how it splits the series."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from apps.accounts.models import User
from apps.classroom.errors import lesson_cancelled
from apps.common.errors import DomainError, precondition_failed
from apps.lessons.booking import lock_people
from apps.lessons.models import Lesson, LessonSeries, Participant, SeriesStudent
from apps.lessons.series.rules import Rule, parse_rule

MAX_ATTEMPTS = 10
T = TypeVar("T")


class Scope(StrEnum):
    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


class PeopleChangedError(DomainError):
    """Somebody has joined before the people were locked: the change is to start again, since locks
    are taken by id."""


def retry(run: Callable[[], T]) -> T:
    """Start again as long as somebody joins meanwhile; the last attempt raises."""
    for _attempt in range(MAX_ATTEMPTS - 1):
        try:
            return run()
        except PeopleChangedError:
            continue
    return run()


@dataclass(slots=True)
class ScopedLessons:
    """`rows` are the occurrences in scope by their original start, cancelled and past ones too;
    `changeable` those that have not started."""

    tutor: User
    rows: list[Lesson]
    changeable: list[Lesson]
    attending: dict[int, set[int]]  # ids of students by lesson
    people: dict[int, User]
    found_series: LessonSeries | None = None  # None for a single lesson

    @property
    def series(self) -> LessonSeries:
        assert self.found_series is not None  # noqa: S101 -- of a scope other than THIS
        return self.found_series

    def students_of(self, lessons: Sequence[Lesson]) -> list[User]:
        ids = {pk for lesson in lessons for pk in self.attending[lesson.pk]}
        return [self.people[pk] for pk in sorted(ids)]


def lock_scope(
    lesson: Lesson, scope: Scope, now: datetime, *, more_people: Sequence[int] = ()
) -> ScopedLessons:
    """Lock the tutor and the students of all lessons in scope, and load these.

    Raises `lesson_cancelled`, or PeopleChangedError if somebody has joined one of them meanwhile.
    """
    assert lesson.series_id is not None  # noqa: S101 -- for the type checker
    participants = Participant.objects.filter(lesson__series=lesson.series_id)
    ids = set(participants.order_by().values_list("student_id", flat=True).distinct())
    people = lock_people([lesson.tutor_id, *ids, *more_people])
    lesson.refresh_from_db()
    if lesson.series_id is None:
        raise precondition_failed()
    if lesson.is_cancelled:
        raise lesson_cancelled()
    rows = Lesson.objects.filter(series=lesson.series_id).order_by("original_starts_at")
    if scope is Scope.FOLLOWING:
        rows = rows.filter(original_starts_at__gte=lesson.original_starts_at)
    found = list(rows)
    series = LessonSeries.objects.get(pk=lesson.series_id)
    changeable = [row for row in found if is_changeable(row, now)]
    attending = _load_attending(found)
    if not people.keys() >= set().union(*attending.values()):
        failed = precondition_failed()
        raise PeopleChangedError(failed.code, failed.status, failed.detail)
    return ScopedLessons(people[lesson.tutor_id], found, changeable, attending, people, series)


def lock_lesson(lesson: Lesson, *, more_people: Sequence[int] = ()) -> ScopedLessons | None:
    """The same for one lesson, also one that has started; None if somebody has joined it
    meanwhile."""
    ids = lesson.participants.values_list("student_id", flat=True)
    people = lock_people([lesson.tutor_id, *ids, *more_people])
    lesson.refresh_from_db()
    attending = _load_attending([lesson])
    if not people.keys() >= attending[lesson.pk]:
        return None
    return ScopedLessons(people[lesson.tutor_id], [lesson], [lesson], attending, people)


def _load_attending(rows: Sequence[Lesson]) -> dict[int, set[int]]:
    attending: dict[int, set[int]] = {row.pk: set() for row in rows}
    booked = Participant.objects.attending().filter(lesson__in=list(attending))
    for lesson_id, student_id in booked.values_list("lesson_id", "student_id"):
        attending[lesson_id].add(student_id)
    return attending


def is_changeable(lesson: Lesson, now: datetime) -> bool:
    return lesson.status == Lesson.Status.SCHEDULED and lesson.starts_at > now


def local_date(series: LessonSeries, original_starts_at: datetime) -> date:
    return original_starts_at.astimezone(series.recurrence.zone).date()


def split(series: LessonSeries, boundary: datetime, *, keep_later: bool) -> LessonSeries:
    """Split a series before the occurrence that originally starts at `boundary`; return its new
    part, which is the earlier one if the later one is to keep the id."""
    day, shift = local_date(series, boundary), timedelta(days=series.day_shift)
    rule, end = parse_rule(series.rrule), last_date_of_rule(series)
    other = copy.copy(series)
    other.pk, other.idempotency_key, other.idempotency_digest = None, None, ""
    other._state = copy.copy(series._state)
    other._state.adding = True
    earlier, later = (other, series) if keep_later else (series, other)
    later.start_date, later.rrule = day - shift, str(rule.ending_on(end))
    close(earlier, rule, day)
    skipped = series.skipped
    for part in (earlier, later):
        part.skipped = [
            each
            for each in skipped
            if (datetime.fromisoformat(each["starts_at"]) >= boundary) == (part is later)
        ]
    other.save(force_insert=True)
    later.earlier = earlier
    later.save()
    series.save()
    SeriesStudent.objects.bulk_create(
        [SeriesStudent(series=other, student_id=one.student_id) for one in series.members.all()]
    )
    moved = Lesson.objects.filter(series=series)
    if keep_later:
        moved.filter(original_starts_at__lt=boundary).update(series=other)
    else:
        moved.filter(original_starts_at__gte=boundary).update(series=other)
    return other


def close(series: LessonSeries, rule: Rule, day: date) -> None:
    """Let the series end before `day`, at its last lesson until then. It is not saved."""
    shift = timedelta(days=series.day_shift)
    last = day - timedelta(days=1)
    series.rrule = str(rule.ending_on(last - shift))
    series.covered_until = min(series.covered_until, last)
    series.ends_on = min(series.ends_on, last) if series.ends_on is not None else last


def last_date_of_rule(series: LessonSeries) -> date | None:
    """The last date of the rule, before `day_shift`; None for a series without end."""
    if series.ends_on is None:
        return None
    return series.ends_on - timedelta(days=series.day_shift)
