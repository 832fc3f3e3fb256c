"""Makes series: all their lessons in one transaction, checked by a few queries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db import IntegrityError, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.errors import DomainError, invalid
from apps.common.idempotency import Idempotency
from apps.common.turns import turn
from apps.common.zones import find_zone
from apps.lessons.booking import (
    check_students_number,
    find_classroom,
    in_order,
    insert_lessons,
    lock_people,
    to_domain_error,
)
from apps.lessons.limits import check_limits
from apps.lessons.models import Lesson, LessonSeries, SeriesStudent
from apps.lessons.series import notices
from apps.lessons.series.planning import Choices, Occurrence, allow, horizon, plan
from apps.lessons.series.rules import Recurrence, parse_rule


class OnConflict(StrEnum):
    REJECT = "reject"
    SKIP = "skip"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """A series as a tutor asks for it; `starts_at` is wall-clock time in `timezone`."""

    student_ids: Sequence[int]
    starts_at: datetime
    duration_minutes: int
    rrule: str
    timezone: str
    title: str = ""
    classroom_id: int | None = None
    skip_dates: Collection[date] = ()
    choices: Choices = field(default_factory=Choices)
    board_mode: str = LessonSeries.BoardMode.FRESH
    lesson_ids: Sequence[int] = ()  # single lessons that become occurrences of their dates

    def recurrence(self) -> Recurrence:
        """Raises `validation_error` for a bad rule."""
        return Recurrence(
            rule=parse_rule(self.rrule),
            start=self.starts_at,
            zone=find_zone(self.timezone),
            skip_dates=frozenset(self.skip_dates),
        )

    def last_date(self, now: datetime) -> date:
        recurrence = self.recurrence()
        return horizon(now, recurrence) if recurrence.rule.is_open else date.max


def preview_series(
    *, tutor: User, wanted: SeriesPlan, exclude: Collection[int] = ()
) -> tuple[list[Occurrence], list[User]]:
    """The occurrences with their conflicts, and the students in order; writes nothing. The lessons
    with the ids `exclude` are in no way.

    Raises `not_a_member` or `validation_error`.
    """
    check_students_number(len(wanted.student_ids))
    with turn(tutor.pk):
        find_classroom(tutor, wanted.student_ids, wanted.classroom_id)
        students = in_order(User.objects.filter(pk__in=wanted.student_ids))
        return _plan(tutor, students, wanted, clock.now(), exclude), students


def check_preview_limits(
    tutor: User,
    wanted: SeriesPlan,
    planned: Sequence[Occurrence],
    students: Sequence[User],
    exclude: Collection[int] = (),
) -> None:
    """Check what `create_series` would: a preview is shown beside what this refuses. Raises
    `validation_error`."""
    now = clock.now()
    chosen = [one for one in planned if not one.is_blocked]
    series = _build_series(wanted, planned, chosen, now)
    if lessons := _build_lessons(series, tutor, students, chosen):
        check_limits(tutor.pk, students, lessons, now, replaced=exclude)


def create_series(
    *,
    tutor: User,
    wanted: SeriesPlan,
    on_conflict: OnConflict = OnConflict.REJECT,
    idempotency: Idempotency | None = None,
    tells_students: bool = True,
) -> LessonSeries:
    """Create a series with its lessons and their rooms, or return the one created earlier with the
    same key.

    Raises `not_a_member`, `validation_error`, or `lesson_conflict` with every conflict that
    `on_conflict` does not resolve.
    """
    check_students_number(len(wanted.student_ids))
    wanted.recurrence()
    try:
        with turn(tutor.pk), transaction.atomic():
            people = lock_people([tutor.pk, *wanted.student_ids])
            if (earlier := find_created(tutor, idempotency)) is not None:
                return earlier
            classroom = find_classroom(tutor, wanted.student_ids, wanted.classroom_id)
            students = in_order(people[pk] for pk in wanted.student_ids)
            now = clock.now()
            planned = _plan(tutor, students, wanted, now)
            chosen = resolve(tutor, planned, on_conflict)
            series = _build_series(wanted, planned, chosen, now)
            series.tutor, series.classroom_id = tutor, classroom
            if idempotency is not None:
                series.idempotency_key = idempotency.key
                series.idempotency_digest = idempotency.digest
            _insert_series(series, students)
            lessons = insert_occurrences(series, tutor, students, chosen)
            if tells_students:
                joined = [one.lesson for one in chosen if one.lesson is not None]
                notices.notify_scheduled(tutor, lessons, students, joined=joined)
    except IntegrityError as exc:
        raise to_domain_error(exc) from exc
    return series


def _plan(
    tutor: User,
    students: Sequence[User],
    wanted: SeriesPlan,
    now: datetime,
    exclude: Collection[int] = (),
) -> list[Occurrence]:
    planned = plan(
        tutor=tutor,
        students=students,
        recurrence=wanted.recurrence(),
        duration=timedelta(minutes=wanted.duration_minutes),
        last=wanted.last_date(now),
        choices=replace(wanted.choices, lessons=_load_single(tutor, wanted.lesson_ids)),
        exclude=exclude,
    )
    if not planned:
        raise invalid(rrule=_("This rule makes no lesson. Check its days and dates."))
    return planned


def _load_single(tutor: User, lesson_ids: Sequence[int]) -> list[Lesson]:
    """Raises `validation_error` for a lesson that cannot become part of a series."""
    if not lesson_ids:
        return []
    own = Lesson.objects.not_cancelled().filter(tutor=tutor, series=None)
    lessons = list(own.filter(pk__in=lesson_ids).in_order())
    if len(lessons) < len(set(lesson_ids)):
        raise invalid(lesson_ids=_("Only your own lessons can join, and none of another series."))
    return lessons


def resolve(
    tutor: User, planned: Sequence[Occurrence], on_conflict: OnConflict
) -> list[Occurrence]:
    """The occurrences to make. Raises `lesson_conflict` with those that are in the way."""
    if on_conflict is OnConflict.ALLOW:
        planned = [allow(one, tutor) for one in planned]
    blocked = [one for one in planned if one.is_blocked]
    chosen = [one for one in planned if not one.is_blocked]
    if blocked and (on_conflict is not OnConflict.SKIP or not chosen):
        raise conflict_error(blocked)
    return chosen


def conflict_error(blocked: Sequence[Occurrence]) -> DomainError:
    conflicts = [
        {"starts_at": one.starts_at, "ends_at": one.ends_at, "detail": one.detail}
        for one in blocked
    ]
    first = blocked[0].detail or ""
    return DomainError("lesson_conflict", 409, first, extra={"conflicts": conflicts})


def _build_series(
    wanted: SeriesPlan,
    planned: Sequence[Occurrence],
    chosen: Sequence[Occurrence],
    now: datetime,
) -> LessonSeries:
    """Without tutor and classroom."""
    recurrence = wanted.recurrence()
    last = planned[-1].original_starts_at.astimezone(recurrence.zone).date()
    made = {one.original_starts_at for one in chosen}
    return LessonSeries(
        title=wanted.title,
        rrule=str(recurrence.rule),
        timezone=wanted.timezone,
        start_date=wanted.starts_at.date(),
        start_time=wanted.starts_at.time(),
        duration_minutes=wanted.duration_minutes,
        skip_dates=sorted(day.isoformat() for day in set(wanted.skip_dates)),
        ends_on=None if recurrence.rule.is_open else last,
        covered_until=wanted.last_date(now) if recurrence.rule.is_open else last,
        skipped=[
            {"starts_at": one.original_starts_at.isoformat(), "reason": "conflict"}
            for one in planned
            if one.original_starts_at not in made
        ],
        board_mode=wanted.board_mode,
    )


def _insert_series(series: LessonSeries, students: Sequence[User]) -> None:
    series.save(force_insert=True)
    SeriesStudent.objects.bulk_create(
        [SeriesStudent(series=series, student=student) for student in students]
    )


def _build_lessons(
    series: LessonSeries, tutor: User, students: Sequence[User], chosen: Sequence[Occurrence]
) -> list[Lesson]:
    """Without those that exist already."""
    return [
        Lesson(
            tutor=tutor,
            student=students[0],
            classroom_id=series.classroom_id,
            series=series,
            original_starts_at=one.original_starts_at,
            title=series.title,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            allow_overlap=one.allow_overlap,
        )
        for one in chosen
        if one.lesson is None
    ]


def insert_occurrences(
    series: LessonSeries, tutor: User, students: Sequence[User], chosen: Sequence[Occurrence]
) -> list[Lesson]:
    """The people must have been locked before the occurrences were planned. Raises
    `validation_error` over a limit."""
    lessons = _build_lessons(series, tutor, students, chosen)
    if lessons:
        insert_lessons(lessons, students, are_free=True)
    for one in chosen:
        if one.lesson is not None:
            one.lesson.series, one.lesson.original_starts_at = series, one.original_starts_at
            one.lesson.save(update_fields=["series", "original_starts_at"])
    return lessons


def find_created(tutor: User, idempotency: Idempotency | None) -> LessonSeries | None:
    """The series that an earlier request with the same key has made. Raises `validation_error` if
    that request was another one."""
    if idempotency is None:
        return None
    series = LessonSeries.objects.filter(tutor=tutor, idempotency_key=idempotency.key).first()
    if series is not None:
        idempotency.check(series.idempotency_digest)
    return series
