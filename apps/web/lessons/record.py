"""The page with a lesson's record."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.classroom import queries
from apps.classroom.access import access_room
from apps.classroom.services import get_or_create_session
from apps.lessons.policies import Action, access_lesson
from apps.web.shared.access import current_user


@login_required
@require_safe
def record(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Attendance and chat of a lesson's room, with the same access check as the API."""
    user = current_user(request)
    lesson = access_lesson(user, lesson_id, to=Action.VIEW)
    room = get_or_create_session(lesson_id=lesson.pk).uuid
    access = access_room(user, request.session, room)
    chat = queries.chat(
        access.session_id,
        limit=queries.MAX_MESSAGES,
        since=access.readable_since,
        before=_uuid(request.GET.get("before", "")),
    )
    if chat is None:
        raise Http404
    context = {
        "lesson": lesson,
        "attendance": queries.attendance(
            access.session_id, timezone.now(), max_interruption=queries.MAX_ABSENCE
        ),
        "messages_written": chat["results"],
        "older": chat["before"],
    }
    return render(request, "lessons/log.html", context)


def _uuid(text: str) -> UUID | None:
    """Raises Http404 if a non-empty value is not a UUID."""
    try:
        return UUID(text) if text else None
    except ValueError as exc:
        raise Http404 from exc
