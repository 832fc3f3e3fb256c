"""The room of a lesson, for somebody who may enter it or read what it keeps."""

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated

from apps.classroom import queries
from apps.classroom.access import access_room
from apps.classroom.identity import AnyUser, require_identity
from apps.classroom.policies import Person, Role
from apps.classroom.services import get_or_create_session
from apps.common.errors import DomainError
from apps.lessons.errors import lesson_not_found
from apps.lessons.models import Lesson


class LessonRoom(NamedTuple):
    lesson: Lesson
    uuid: UUID
    person: Person


class RoomAttendance(NamedTuple):
    """`is_live` is True while the tutor is in the room of a scheduled lesson; `tutor_is_in` is
    None if the tutor has not taught in it."""

    attendance: list[dict[str, Any]]
    is_live: bool
    tutor_is_in: bool | None


def access_lesson_room(user: AnyUser, session: SessionBase, lesson_id: int) -> LessonRoom:
    """For the lesson's tutor and students, and for a guest who has opened an invite link.

    Whether the guest's invite is still valid is not checked: `join` does that for each connection.
    Raises NotAuthenticated for an unknown visitor, `lesson_not_found`, or `forbidden`.
    """
    lesson = Lesson.objects.with_people().filter(pk=lesson_id).first()
    if lesson is None:
        raise lesson_not_found() if user.is_authenticated else NotAuthenticated
    room = get_or_create_session(lesson_id=lesson.pk).uuid
    return LessonRoom(lesson, room, require_identity(user, session, room, lesson))


def find_attendance(user: AnyUser, session: SessionBase, lesson: Lesson) -> RoomAttendance:
    """The visits to the lesson's room; none for a user without access to the room."""
    room = get_or_create_session(lesson_id=lesson.pk).uuid
    try:
        access = access_room(user, session, room)
    except DomainError:
        return RoomAttendance([], False, None)
    now = timezone.now()
    attendance = queries.attendance(access.session_id, now, max_interruption=queries.MAX_ABSENCE)
    tutor_is_in = queries.tutor_presence([lesson.pk], now).get(lesson.pk)
    is_there = any(r["person"]["role"] == Role.TUTOR and r["left_at"] is None for r in attendance)
    is_live = is_there and lesson.status == Lesson.Status.SCHEDULED
    return RoomAttendance(attendance, is_live, tutor_is_in)
