"""Reads of lessons for the calendar and the API, and of a tutor's students with their lessons."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.models import Membership
from apps.classrooms.queries import list_my_students
from apps.common.db import select_rows
from apps.common.errors import invalid
from apps.common.pagination import Page
from apps.lessons.models import MAX_DURATION, Lesson, Participant
from apps.lessons.phases import Phase, find_phases

Row = dict[str, Any]
MAX_ZONES = 1000
MAX_LESSONS = 20_000  # in one response
MAX_PARTICIPANTS = 100_000  # of all its lessons
RECENT = timedelta(days=120)

# A row per participant of each lesson.
_COLUMNS = """
SELECT lesson.id, lesson.title, lesson.starts_at, lesson.ends_at, lesson.status,
    tutor.id, tutor.first_name, tutor.last_name, lesson.classroom_id, session.uuid,
    lesson.series_id, lesson.original_starts_at,
    student.id, student.first_name, student.last_name, participant.status, student.sort_key
"""
_JOINS = """
JOIN accounts_user AS tutor ON tutor.id = lesson.tutor_id
JOIN lessons_participant AS participant ON participant.lesson_id = lesson.id
JOIN accounts_user AS student ON student.id = participant.student_id
LEFT JOIN classroom_classroomsession AS session ON session.lesson_id = lesson.id
"""
# The same condition as LessonQuerySet.between, with its lower bound of the start.
_TAUGHT = f"""
{_COLUMNS} FROM lessons_lesson AS lesson {_JOINS}
WHERE lesson.tutor_id = %s
AND lesson.starts_at < %s AND lesson.starts_at > %s AND lesson.ends_at > %s
AND (lesson.status <> 'cancelled' OR %s)
ORDER BY lesson.starts_at, lesson.id LIMIT %s
"""
_ATTENDED = f"""
{_COLUMNS} FROM lessons_participant AS own
JOIN lessons_lesson AS lesson ON lesson.id = own.lesson_id {_JOINS}
WHERE own.student_id = %s
AND own.starts_at < %s AND own.starts_at > %s AND lesson.ends_at > %s
AND (lesson.status <> 'cancelled' OR %s)
ORDER BY own.starts_at, own.lesson_id LIMIT %s
"""
_ONE = f"{_COLUMNS} FROM lessons_lesson AS lesson {_JOINS} WHERE lesson.id = %s"


def list_lessons(
    user: User, start: datetime, end: datetime, *, include_cancelled: bool
) -> list[Row]:
    """The user's lessons that overlap [start, end), by start. Raises `validation_error` for more
    than MAX_LESSONS."""
    query = _TAUGHT if user.is_tutor else _ATTENDED
    bounds = (end, start - MAX_DURATION, start, include_cancelled, MAX_PARTICIPANTS + 1)
    rows = select_rows(query, user.pk, *bounds)
    lessons = _group(rows)
    if not include_cancelled:
        lessons = [row for row in lessons if row["status"] != "cancelled"]  # requests that lapsed
    if len(lessons) > MAX_LESSONS or len(rows) > MAX_PARTICIPANTS:
        raise invalid(to=_("Too many lessons. Choose a shorter range."))
    return lessons


def lesson_json(lesson_id: int) -> Row:
    return _group(select_rows(_ONE, lesson_id))[0]


def list_lessons_by_id(ids: Sequence[int]) -> list[Row]:
    """In the order of `ids`."""
    if not ids:
        return []
    places = ", ".join(["%s"] * len(ids))
    query = f"{_COLUMNS} FROM lessons_lesson AS lesson {_JOINS} WHERE lesson.id IN ({places})"
    rows = {row["id"]: row for row in _group(select_rows(f"{query} ORDER BY lesson.id", *ids))}
    return [rows[pk] for pk in ids if pk in rows]


def _group(rows: list[tuple[Any, ...]]) -> list[Row]:
    """Lessons with their students, of rows that are ordered by lesson."""
    lessons = []
    for lesson, participants in groupby(rows, key=itemgetter(slice(12))):
        group = list(participants)
        if len(group) > 1:
            group.sort(key=lambda row: (bytes(row[16]), row[12]))
        students = [
            {"id": pk, "first_name": first_name, "last_name": last_name, "status": status}
            for pk, first_name, last_name, status, _key in (row[12:] for row in group)
        ]
        lessons.append(_row(lesson, students))
    return lessons


def _row(columns: tuple[Any, ...], students: list[Row]) -> Row:
    (
        pk,
        title,
        starts_at,
        ends_at,
        status,
        tutor,
        tutor_first,
        tutor_last,
        classroom_id,
        session_uuid,
        series_id,
        original_starts_at,
    ) = columns
    first = students[0]
    if status == Lesson.Status.REQUESTED and starts_at.replace(tzinfo=UTC) <= timezone.now():
        status = Lesson.Status.CANCELLED.value  # it has lapsed, which a job stores soon
    return {
        "id": pk,
        "title": title,
        "starts_at": starts_at.replace(tzinfo=UTC),
        "ends_at": ends_at.replace(tzinfo=UTC),
        "status": status,
        "tutor": {"id": tutor, "first_name": tutor_first, "last_name": tutor_last},
        "student": {name: first[name] for name in ("id", "first_name", "last_name")},
        "students": students,
        "classroom_id": classroom_id,
        "session_uuid": UUID(session_uuid) if isinstance(session_uuid, str) else session_uuid,
        "series_id": series_id,
        "original_starts_at": original_starts_at and original_starts_at.replace(tzinfo=UTC),
    }


def list_students_with_lessons(
    tutor: User, search: str, page: Page, now: datetime
) -> tuple[int, list[Row]]:
    """Rows of `list_my_students` with their next and last lesson, and whether they are
    placeholders, which takes two more queries."""
    count, rows = list_my_students(tutor, search, page)
    if rows:
        shared = Lesson.objects.filter(tutor=tutor).booked_for(OuterRef("pk"))
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
    if not user.is_tutor:
        taught = Lesson.objects.of(user).exclude(tutor__timezone=user.timezone).order_by()
        return dict(taught.values_list("tutor_id", "tutor__timezone").distinct()[:MAX_ZONES])
    differing = ~Q(student__timezone=user.timezone) & Q(student__placeholder_of=None)
    attended = Participant.objects.filter(differing, lesson__tutor=user).order_by()
    members = Membership.objects.active().taught_by(user).filter(differing).order_by()
    columns = ("student_id", "student__timezone")
    zones = dict(attended.values_list(*columns).distinct()[:MAX_ZONES])
    return zones | dict(members.values_list(*columns)[:MAX_ZONES])


def find_last_minutes(tutor: User, now: datetime, student: User | None = None) -> dict[int, int]:
    """How long the latest lesson of each student lasts, in minutes, by student id; of the lessons
    since RECENT and, for all students, of the latest MAX_ZONES."""
    attended = Participant.objects.attending().filter(
        lesson__tutor=tutor, starts_at__gt=now - RECENT
    )
    attended = attended.exclude(lesson__status=Lesson.Status.CANCELLED)
    if student is not None:
        attended = attended.filter(student=student)
    latest = attended.order_by("-starts_at", "-lesson_id")
    times = latest.values_list("student_id", "lesson__starts_at", "lesson__ends_at")
    rows = reversed(times[: 1 if student is not None else MAX_ZONES])
    return {pk: int((end - start).total_seconds() // 60) for pk, start, end in rows}


def find_overdue_phases(user: User, now: datetime) -> dict[int, str]:
    """The phases, by id, of lessons past their end that only the room knows not to be missed:
    those that run late, or whose completion the worker has not stored yet."""
    scheduled = Lesson.objects.of(user).filter(status=Lesson.Status.SCHEDULED)
    overdue = scheduled.ended_by(now).filter(ends_at__gt=now - timedelta(days=1))
    phases = find_phases(overdue.only("status", "starts_at", "ends_at"), now)
    return {pk: phase.value for pk, phase in phases.items() if phase is not Phase.NOT_HELD}
