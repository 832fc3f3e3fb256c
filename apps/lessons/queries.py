"""Reads of lessons for the calendar and the API, and of a tutor's students with their lessons."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.models import Membership
from apps.classrooms.queries import list_my_students
from apps.common.db import select_rows
from apps.common.errors import invalid
from apps.common.pagination import Page
from apps.lessons.models import MAX_DURATION, Lesson
from apps.lessons.phases import Phase, find_phases

Row = dict[str, Any]
MAX_ZONES = 1000
MAX_LESSONS = 20_000  # in one response
RECENT = timedelta(days=120)

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
ORDER BY lesson.starts_at, lesson.id LIMIT %s
"""
_ONE = f"{_LESSONS} WHERE lesson.id = %s"
_TAUGHT = f"{_LESSONS} WHERE lesson.tutor_id = %s {_BETWEEN}"
_ATTENDED = f"{_LESSONS} WHERE lesson.student_id = %s {_BETWEEN}"


def list_lessons(
    user: User, start: datetime, end: datetime, *, include_cancelled: bool
) -> list[Row]:
    """The user's lessons that overlap [start, end), by start. Raises `validation_error` for more
    than MAX_LESSONS."""
    query = _TAUGHT if user.is_tutor else _ATTENDED
    bounds = (end, start - MAX_DURATION, start, include_cancelled, MAX_LESSONS + 1)
    rows = select_rows(query, user.pk, *bounds)
    if len(rows) > MAX_LESSONS:
        raise invalid(to=_("Too many lessons. Choose a shorter range."))
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


def list_students_with_lessons(
    tutor: User, search: str, page: Page, now: datetime
) -> tuple[int, list[Row]]:
    """Rows of `list_my_students` with their next and last lesson, and whether they are
    placeholders, which takes two more queries."""
    count, rows = list_my_students(tutor, search, page)
    if rows:
        shared = Lesson.objects.filter(tutor=tutor, student=OuterRef("pk"))
        upcoming = shared.upcoming(now).in_order()
        past = shared.past(now).order_by("-starts_at", "-id")
        people = {
            pk: others
            for pk, *others in User.objects.filter(pk__in=[r["id"] for r in rows])
            .annotate(
                next_id=Subquery(upcoming.values("pk")[:1]), last_id=Subquery(past.values("pk")[:1])
            )
            .values_list("pk", "next_id", "last_id", "placeholder_of")
        }
        ids = {i for next_id, last_id, _tutor in people.values() for i in (next_id, last_id)}
        lessons = Lesson.objects.in_bulk(ids - {None})
        for row in rows:
            # An account may have just taken a placeholder over, which deletes it.
            next_id, last_id, placeholder_of = people.get(row["id"], (None, None, None))
            row["next"], row["last"] = lessons.get(next_id), lessons.get(last_id)
            row["placeholder"] = placeholder_of is not None
    return count, rows


def find_differing_zones(user: User) -> dict[int, str]:
    """Time zones by user id, of people in the user's lessons, and of a tutor's active students,
    whose zone differs from theirs.

    A placeholder's zone is only a copy of the tutor's.
    """
    role = "student" if user.is_tutor else "tutor"
    lessons = Lesson.objects.of(user).filter(student__placeholder_of=None).order_by()
    lessons = lessons.exclude(**{f"{role}__timezone": user.timezone})
    zones = dict(lessons.values_list(f"{role}_id", f"{role}__timezone").distinct()[:MAX_ZONES])
    if user.is_tutor:
        members = Membership.objects.active().taught_by(user).order_by()
        members = members.filter(student__placeholder_of=None).exclude(
            student__timezone=user.timezone
        )
        zones |= dict(members.values_list("student_id", "student__timezone")[:MAX_ZONES])
    return zones


def find_last_minutes(tutor: User, now: datetime, student: User | None = None) -> dict[int, int]:
    """How long the latest lesson of each student lasts, in minutes, by student id; of the lessons
    since RECENT and, for all students, of the latest MAX_ZONES."""
    lessons = Lesson.objects.filter(tutor=tutor, starts_at__gt=now - RECENT).not_cancelled()
    if student is not None:
        lessons = lessons.filter(student=student)
    latest = lessons.order_by("-starts_at", "-id").values_list("student", "starts_at", "ends_at")
    rows = reversed(latest[: 1 if student is not None else MAX_ZONES])
    return {pk: int((end - start).total_seconds() // 60) for pk, start, end in rows}


def find_overdue_phases(user: User, now: datetime) -> dict[int, str]:
    """The phases, by id, of lessons past their end that only the room knows not to be missed:
    those that run late, or whose completion the worker has not stored yet."""
    scheduled = Lesson.objects.of(user).filter(status=Lesson.Status.SCHEDULED)
    overdue = scheduled.ended_by(now).filter(ends_at__gt=now - timedelta(days=1))
    phases = find_phases(overdue.only("status", "starts_at", "ends_at"), now)
    return {pk: phase.value for pk, phase in phases.items() if phase is not Phase.NOT_HELD}
