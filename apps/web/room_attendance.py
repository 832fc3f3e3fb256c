"""Attendance of a lesson's room, for the lesson's page."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from apps.classroom import queries
from apps.classroom.access import access_room
from apps.classroom.services import get_or_create_session
from apps.common.errors import DomainError
from apps.lessons.models import Lesson


def get_room_attendance(request: HttpRequest, lesson: Lesson) -> dict[str, Any]:
    """`attendance` is empty for a user without access; `is_live` while the tutor is in the room."""
    room = get_or_create_session(lesson_id=lesson.pk).uuid
    try:
        access = access_room(request.user, request.session, room)
    except DomainError:
        return {"attendance": [], "is_live": False}
    attendance = queries.attendance(access.session_id, timezone.now())
    tutor_is_in = any(s["person"]["role"] == "tutor" and s["left_at"] is None for s in attendance)
    is_live = tutor_is_in and lesson.status == Lesson.Status.SCHEDULED
    return {"attendance": attendance, "is_live": is_live}
