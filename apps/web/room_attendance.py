"""Who was in a lesson's room, for the lesson's own page."""

from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request

from apps.classroom import queries
from apps.classroom.access import access_room
from apps.classroom.services import session_of
from apps.common.errors import DomainError
from apps.lessons.models import Lesson


def in_the_room(request: HttpRequest, lesson: Lesson) -> dict[str, Any]:
    """The stays, none for whom the room would refuse them, and whether the lesson is going on: its
    tutor is in."""
    try:
        access = access_room(cast(Request, request), session_of(lesson_id=lesson.pk).uuid)
    except DomainError:
        return {"stays": [], "live": False}
    stays = queries.attendance(access.session_id, timezone.now())
    tutor_is_in = any(s["person"]["role"] == "tutor" and s["left_at"] is None for s in stays)
    return {"stays": stays, "live": tutor_is_in and lesson.status == Lesson.Status.SCHEDULED}
