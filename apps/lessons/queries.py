"""The read path of lessons: straight from columns to JSON, with no model instances between."""

from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.lessons.models import Lesson
from apps.lessons.models.lesson import LessonQuerySet

Row = dict[str, Any]

_COLUMNS = (
    "id",
    "title",
    "starts_at",
    "ends_at",
    "status",
    "tutor_id",
    "tutor__first_name",
    "tutor__last_name",
    "student_id",
    "student__first_name",
    "student__last_name",
    "classroom_id",
    "session__uuid",
)


def calendar(user: User, start: datetime, end: datetime, *, cancelled: bool) -> list[Row]:
    """The user's lessons that overlap [start, end), by start."""
    lessons = Lesson.objects.of(user).between(start, end).in_order()
    return _rows(lessons if cancelled else lessons.live())


def lesson_json(lesson_id: int) -> Row:
    return _rows(Lesson.objects.filter(pk=lesson_id))[0]


def _rows(lessons: LessonQuerySet) -> list[Row]:
    return [
        {
            "id": pk,
            "title": title,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "status": status,
            "tutor": {"id": tutor, "first_name": tutor_first, "last_name": tutor_last},
            "student": {"id": student, "first_name": student_first, "last_name": student_last},
            "classroom_id": classroom_id,
            "session_uuid": session_uuid,
        }
        for (
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
        ) in lessons.values_list(*_COLUMNS)
    ]
