"""Ends a series before a date and starts a new one by another rule."""

from datetime import date

from django.db import transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.errors import invalid
from apps.common.turns import turn
from apps.lessons.booking import check_students_number
from apps.lessons.models import Lesson, LessonChange, LessonSeries
from apps.lessons.series import notices
from apps.lessons.series.changes import cancel_locked
from apps.lessons.series.scope import (
    Scope,
    ScopedLessons,
    is_changeable,
    local_date,
    lock_scope,
    retry,
)
from apps.lessons.series.services import OnConflict, SeriesPlan, create_series
from apps.lessons.series.undo import recorded


def restart_series(
    *,
    tutor: User,
    series: LessonSeries,
    from_date: date,
    wanted: SeriesPlan,
    on_conflict: OnConflict = OnConflict.REJECT,
) -> tuple[LessonSeries, LessonChange | None]:
    """Cancel the lessons from a local date on that have not started, and create a series in their
    place, all in one transaction. Raises as `create_series`, or `lesson_cancelled` if somebody
    cancels the first of the lessons meanwhile."""
    return retry(lambda: _restart(tutor, series, from_date, wanted, on_conflict))


def _restart(
    tutor: User,
    series: LessonSeries,
    from_date: date,
    wanted: SeriesPlan,
    on_conflict: OnConflict,
) -> tuple[LessonSeries, LessonChange | None]:
    with turn(tutor.pk), transaction.atomic():
        scoped = _lock(series, from_date, wanted)
        with recorded(
            tutor=tutor,
            kind=LessonChange.Kind.RESTARTED,
            lesson_ids=[row.pk for row in scoped.changeable],
            series_ids=[series.pk],
        ) as recording:
            former = scoped.students_of(scoped.changeable)
            cancel_locked(scoped, clock.now(), tells_students=False)
            new = create_series(
                tutor=tutor, wanted=wanted, on_conflict=on_conflict, tells_students=False
            )
            recording.new_series.append(new.pk)
            lessons = list(new.lessons.in_order())
            recording.new_lessons += [lesson.pk for lesson in lessons]
        students = list(new.students.all())
        notices.notify_restarted(tutor, scoped.changeable, former, lessons, students)
    return new, recording.change


def _lock(series: LessonSeries, from_date: date, wanted: SeriesPlan) -> ScopedLessons:
    """Lock the people of both series at once, in the order of their ids, and load what is to be
    replaced."""
    check_students_number(len(wanted.student_ids))
    replaced = find_replaced(series, from_date)
    if not replaced:
        raise invalid(from_date=_("There is no lesson of this series from this date on."))
    members = series.members.values_list("student_id", flat=True)
    more_people = [*members, *wanted.student_ids]
    return lock_scope(replaced[0], Scope.FOLLOWING, clock.now(), more_people=more_people)


def find_replaced(series: LessonSeries, from_date: date) -> list[Lesson]:
    """The lessons from a local date on that have not started, by their original start."""
    now = clock.now()
    rows = Lesson.objects.not_cancelled().filter(series=series).order_by("original_starts_at")
    return [
        row
        for row in rows
        if row.original_starts_at
        and is_changeable(row, now)
        and local_date(series, row.original_starts_at) >= from_date
    ]
