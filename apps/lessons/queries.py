"""Reads of lessons, from columns straight to JSON without model instances."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from apps.accounts.models import User
from apps.common.db import select_rows
from apps.lessons.models import MAX_DURATION

Row = dict[str, Any]

_LESSONS = """
SELECT lesson.id, lesson.title, lesson.starts_at, lesson.ends_at, lesson.status,
    tutor.id, tutor.first_name, tutor.last_name,
    student.id, student.first_name, student.last_name,
    lesson.classroom_id, session.uuid
FROM lessons_lesson AS lesson
JOIN accounts_user AS tutor ON tutor.id = lesson.tutor_id
JOIN accounts_user AS student ON student.id = lesson.student_id
LEFT JOIN classroom_classroomsession AS session ON session.lesson_id = lesson.id
"""
# The same condition as LessonQuerySet.between, with its lower bound of the start.
_BETWEEN = """
AND lesson.starts_at < %s AND lesson.starts_at > %s AND lesson.ends_at > %s
AND (lesson.status <> 'cancelled' OR %s)
ORDER BY lesson.starts_at, lesson.id
"""
_ONE = f"{_LESSONS} WHERE lesson.id = %s"
_TAUGHT = f"{_LESSONS} WHERE lesson.tutor_id = %s {_BETWEEN}"
_ATTENDED = f"{_LESSONS} WHERE lesson.student_id = %s {_BETWEEN}"


def list_lessons(
    user: User, start: datetime, end: datetime, *, include_cancelled: bool
) -> list[Row]:
    """The user's lessons that overlap [start, end), by start."""
    query = _TAUGHT if user.is_tutor else _ATTENDED
    rows = select_rows(query, user.pk, end, start - MAX_DURATION, start, include_cancelled)
    return [_row(row) for row in rows]


def lesson_json(lesson_id: int) -> Row:
    return _row(select_rows(_ONE, lesson_id)[0])


def _row(columns: tuple[Any, ...]) -> Row:
    (
        pk,
        title,
        starts_at,
        ends_at,
        status,
        tutor,
        tutor_first,
        tutor_last,
        student,
        student_first,
        student_last,
        classroom_id,
        session_uuid,
    ) = columns
    return {
        "id": pk,
        "title": title,
        "starts_at": starts_at.replace(tzinfo=UTC),
        "ends_at": ends_at.replace(tzinfo=UTC),
        "status": status,
        "tutor": {"id": tutor, "first_name": tutor_first, "last_name": tutor_last},
        "student": {"id": student, "first_name": student_first, "last_name": student_last},
        "classroom_id": classroom_id,
        "session_uuid": UUID(session_uuid) if isinstance(session_uuid, str) else session_uuid,
    }
