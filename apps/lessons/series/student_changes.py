"""Adds a student to several lessons of a series, or removes one from them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from apps.classroom.realtime.notify import recheck_lesson
from apps.common.errors import invalid, not_found
from apps.common.turns import turn
from apps.lessons.booking import check_students_number, find_classroom, to_domain_error
from apps.lessons.limits import check_limits
from apps.lessons.models import Lesson, LessonChange, Participant, SeriesStudent
from apps.lessons.series import notices
from apps.lessons.series.planning import Occurrence, with_conflicts
from apps.lessons.series.rows import replace_first_student
from apps.lessons.series.scope import Scope, ScopedLessons, lock_scope
from apps.lessons.series.services import conflict_error
from apps.lessons.series.undo import Recording, recorded


def plan_adding(scoped: ScopedLessons, student_id: int) -> list[tuple[Lesson, Occurrence]]:
    """The lessons that the student is to join, each with the student's conflict.

    Raises `not_a_member`, or `validation_error` for a lesson that is full.
    """
    find_classroom(scoped.tutor, [student_id], None)
    joined = [row for row in scoped.changeable if student_id not in scoped.attending[row.pk]]
    for row in joined:
        check_students_number(len(scoped.attending[row.pk]) + 1)
    occurrences = [Occurrence(row.starts_at, row.starts_at, row.ends_at) for row in joined]
    own = [row.pk for row in scoped.rows]
    student = scoped.people[student_id]
    checked = with_conflicts(
        scoped.tutor, [student], occurrences, exclude=own, of_students_only=True
    )
    joined.sort(key=lambda row: row.starts_at)
    return [
        (row, _allow(one) if row.allow_overlap and _is_own(one, scoped.tutor.pk) else one)
        for row, one in zip(joined, checked, strict=True)
    ]


def _is_own(occurrence: Occurrence, tutor_id: int) -> bool:
    """Whether nothing but lessons of the tutor is in the way, which may be double-booked."""
    return occurrence.conflict is None or occurrence.conflict.tutor_id == tutor_id


def _allow(occurrence: Occurrence) -> Occurrence:
    return replace(occurrence, conflict=None, detail=None)


def add_student(*, lesson: Lesson, scope: Scope, student_id: int) -> LessonChange | None:
    """Also to the lessons that the series will get. Raises as `plan_adding`, or `lesson_conflict`
    with every lesson that the student cannot attend."""
    now = clock.now()
    try:
        with turn(lesson.tutor_id), transaction.atomic():
            scoped = lock_scope(lesson, scope, now, more_people=[student_id])
            planned = plan_adding(scoped, student_id)
            if blocked := [one for _row, one in planned if one.is_blocked]:
                raise conflict_error(blocked)
            rows = [row for row, _one in planned]
            if rows:
                student = scoped.people[student_id]
                check_limits(scoped.tutor.pk, [student], rows, now)
            with _recorded(scoped, rows) as recording:
                _book(rows, student_id)
                SeriesStudent.objects.get_or_create(series=scoped.series, student_id=student_id)
            notices.notify_scheduled(scoped.tutor, rows, [scoped.people[student_id]])
            _recheck(rows)
    except IntegrityError as exc:
        raise to_domain_error(exc) from exc
    return recording.change


def _book(rows: Sequence[Lesson], student_id: int) -> None:
    ids = {row.pk for row in rows}
    known = Participant.objects.filter(lesson__in=ids, student=student_id)
    again = set(known.values_list("lesson_id", flat=True))
    known.update(status=Participant.Status.BOOKED)
    Participant.objects.bulk_create(
        [Participant(lesson_id=pk, student_id=student_id) for pk in sorted(ids - again)]
    )


def plan_removal(scoped: ScopedLessons, student_id: int) -> list[Lesson]:
    """Raises `not_found` if the student attends none of the lessons, or `validation_error` for the
    last one of a lesson."""
    rows = [row for row in scoped.changeable if student_id in scoped.attending[row.pk]]
    if not rows:
        raise not_found()
    if any(scoped.attending[row.pk] == {student_id} for row in rows):
        raise invalid(student_id=_("A lesson needs a student. Cancel the lesson instead."))
    return rows


def remove_student(*, lesson: Lesson, scope: Scope, student_id: int) -> LessonChange | None:
    """Also from the lessons that the series will get. Raises as `plan_removal`."""
    with turn(lesson.tutor_id), transaction.atomic():
        scoped = lock_scope(lesson, scope, clock.now())
        rows = plan_removal(scoped, student_id)
        ids = [row.pk for row in rows]
        with _recorded(scoped, rows) as recording:
            replace_first_student(ids, student_id)
            Participant.objects.filter(lesson__in=ids, student=student_id).delete()
            scoped.series.members.filter(student=student_id).delete()
        notices.notify_removed(scoped.tutor, rows, [scoped.people[student_id]])
        _recheck(rows)
    return recording.change


def _recorded(scoped: ScopedLessons, rows: Sequence[Lesson]) -> AbstractContextManager[Recording]:
    return recorded(
        tutor=scoped.tutor,
        kind=LessonChange.Kind.STUDENTS,
        lesson_ids=[row.pk for row in rows],
        series_ids=[scoped.series.pk],
    )


def _recheck(rows: Sequence[Lesson]) -> None:
    for row in rows:
        transaction.on_commit(partial(recheck_lesson, row.pk))
