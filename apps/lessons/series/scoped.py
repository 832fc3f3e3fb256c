"""Changes of one lesson, of the following ones or of all lessons of its series, and new series;
each is recorded, so that it can be undone."""

from collections.abc import Callable

from django.db import transaction

from apps.accounts.models import User
from apps.common.errors import precondition_failed
from apps.common.idempotency import Idempotency
from apps.common.turns import turn
from apps.lessons import participants, services
from apps.lessons.booking import check_students_number, lock_people
from apps.lessons.models import Lesson, LessonChange, LessonSeries
from apps.lessons.series import changes, student_changes
from apps.lessons.series.changes import Wanted
from apps.lessons.series.scope import MAX_ATTEMPTS, Scope, lock_lesson, retry
from apps.lessons.series.services import OnConflict, SeriesPlan, create_series, find_created
from apps.lessons.series.undo import recorded
from apps.lessons.services import ExpectedState


def update_lesson(
    *,
    tutor: User,
    lesson: Lesson,
    scope: Scope,
    wanted: Wanted,
    expected: ExpectedState | None = None,
) -> LessonChange | None:
    """Raises as `services.reschedule_lesson`."""
    if _has_scope(lesson, scope):
        return retry(
            lambda: changes.change_series(
                lesson=lesson, scope=scope, wanted=wanted, expected=expected
            )
        )
    return _record(
        lesson,
        LessonChange.Kind.MOVED,
        lambda: services.reschedule_lesson(
            tutor=tutor,
            lesson=lesson,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            title=wanted.title,
            allow_overlap=wanted.allow_overlap,
            expected=expected,
        ),
    )


def cancel_lesson(*, lesson: Lesson, scope: Scope, reason: str = "") -> LessonChange | None:
    """Raises `lesson_cancelled` if the lesson is cancelled already."""
    if _has_scope(lesson, scope):
        return retry(lambda: changes.cancel_lessons(lesson=lesson, scope=scope, reason=reason))
    return _record(
        lesson,
        LessonChange.Kind.CANCELLED,
        lambda: services.cancel_lesson(lesson=lesson, reason=reason),
    )


def add_student(*, lesson: Lesson, scope: Scope, student_id: int) -> LessonChange | None:
    """Raises as `participants.add_student`."""
    if _has_scope(lesson, scope):
        return retry(
            lambda: student_changes.add_student(lesson=lesson, scope=scope, student_id=student_id)
        )
    return _record(
        lesson,
        LessonChange.Kind.STUDENTS,
        lambda: participants.add_student(lesson=lesson, student_id=student_id),
        student_id,
    )


def remove_student(*, lesson: Lesson, scope: Scope, student_id: int) -> LessonChange | None:
    """Raises as `participants.remove_student`."""
    if _has_scope(lesson, scope):
        return retry(
            lambda: student_changes.remove_student(
                lesson=lesson, scope=scope, student_id=student_id
            )
        )
    return _record(
        lesson,
        LessonChange.Kind.STUDENTS,
        lambda: participants.remove_student(lesson=lesson, student_id=student_id),
    )


def make_series(
    *,
    tutor: User,
    wanted: SeriesPlan,
    on_conflict: OnConflict = OnConflict.REJECT,
    idempotency: Idempotency | None = None,
) -> tuple[LessonSeries, LessonChange | None]:
    """Raises as `create_series`; there is no change if an earlier request has made the series."""
    check_students_number(len(wanted.student_ids))
    with turn(tutor.pk), transaction.atomic():
        lock_people([tutor.pk, *wanted.student_ids])
        if (earlier := find_created(tutor, idempotency)) is not None:
            return earlier, None
        with recorded(
            tutor=tutor, kind=LessonChange.Kind.SCHEDULED, lesson_ids=wanted.lesson_ids
        ) as recording:
            series = create_series(
                tutor=tutor, wanted=wanted, on_conflict=on_conflict, idempotency=idempotency
            )
            recording.new_series.append(series.pk)
            made = series.lessons.exclude(pk__in=wanted.lesson_ids)
            recording.new_lessons += made.values_list("pk", flat=True)
    return series, recording.change


def _has_scope(lesson: Lesson, scope: Scope) -> bool:
    """A lesson outside of a series is all there is to change."""
    return lesson.series_id is not None and scope is not Scope.THIS


def _record(
    lesson: Lesson, kind: str, run: Callable[[], None], *more_people: int
) -> LessonChange | None:
    """Starts again if somebody joins the lesson before its people are locked, since locks are taken
    by id. Raises `precondition_failed` after MAX_ATTEMPTS, and what `run` raises."""
    for _attempt in range(MAX_ATTEMPTS):
        with transaction.atomic():
            scoped = lock_lesson(lesson, more_people=more_people)
            if scoped is not None:
                with recorded(tutor=scoped.tutor, kind=kind, lesson_ids=[lesson.pk]) as recording:
                    run()
                return recording.change
    raise precondition_failed()
