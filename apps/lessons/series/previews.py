"""Lists what a change of lessons would do, and writes nothing."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from apps.classroom.errors import lesson_cancelled
from apps.common.errors import invalid, precondition_failed
from apps.common.turns import turn
from apps.lessons.models import Lesson
from apps.lessons.series.changes import (
    PlannedChange,
    Wanted,
    plan_cancellation,
    plan_changes,
    plan_single,
)
from apps.lessons.series.scope import Scope, ScopedLessons, lock_lesson, lock_scope
from apps.lessons.series.student_changes import plan_adding, plan_removal

Row = dict[str, Any]


def preview_change(
    *, lesson: Lesson, action: str, scope: Scope, student_id: int | None, wanted: Wanted
) -> list[Row]:
    """Raises what the change itself would, but for conflicts, which are in the rows."""
    now = clock.now()
    with turn(lesson.tutor_id), transaction.atomic():
        more = [student_id] if action == "add_student" and student_id is not None else []
        if lesson.series_id is None or scope is Scope.THIS:
            locked = lock_lesson(lesson, more_people=more)
            if locked is None:
                raise precondition_failed()
            scoped = locked
        else:
            scoped = lock_scope(lesson, scope, now, more_people=more)
        if lesson.is_cancelled:
            raise lesson_cancelled()
        if action == "update":
            plan = plan_single if scoped.found_series is None else plan_changes
            planned = plan(lesson, scoped, wanted)
            changeable = {row.pk for row in scoped.changeable}
            return [_row(change) for change in planned if change.lesson.pk in changeable]
        if action == "cancel":
            return [_row(change) for change in plan_cancellation(scoped)]
        if student_id is None:
            raise invalid(student_id=_("This field is required."))
        return _student_rows(scoped, action, student_id)


def _student_rows(scoped: ScopedLessons, action: str, student_id: int) -> list[Row]:
    if action == "remove_student":
        return [_lesson_row(row, "student_removed") for row in plan_removal(scoped, student_id)]
    planned = plan_adding(scoped, student_id)
    return [_lesson_row(row, "student_added", one.detail) for row, one in planned]


def _row(change: PlannedChange) -> Row:
    kinds: Sequence[tuple[bool, str]] = (
        (change.is_cancelled, "cancelled"),
        (change.is_moved, "moved"),
        (change.title != change.lesson.title, "renamed"),
        (True, "kept"),
    )
    row = _lesson_row(change.lesson, next(kind for holds, kind in kinds if holds), change.detail)
    new = {"starts_at": change.starts_at, "ends_at": change.ends_at, "title": change.title}
    return {**row, **{f"new_{name}": value for name, value in new.items()}}


def _lesson_row(lesson: Lesson, change: str, conflict: str | None = None) -> Row:
    values = {"starts_at": lesson.starts_at, "ends_at": lesson.ends_at, "title": lesson.title}
    return {
        "lesson_id": lesson.pk,
        **values,
        **{f"new_{name}": value for name, value in values.items()},
        "change": change,
        "conflict": conflict,
    }
