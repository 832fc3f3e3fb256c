"""The live room's page: passes the configuration to the island, which then opens its sockets."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rest_framework.exceptions import NotAuthenticated

from apps.accounts.models import User
from apps.classroom.guest_sessions import MAX_NAME
from apps.classroom.policies import Person, Role
from apps.classroom.services import get_or_create_session
from apps.common.zones import zone_fallbacks
from apps.lessons.access import access_lesson_room
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, access_lesson, may
from apps.lessons.series.previous import find_previous
from apps.web.shared.access import current_user
from apps.web.shared.lesson_title import lesson_title


@require_safe
@never_cache
def room_page(request: HttpRequest, lesson_id: int) -> HttpResponse:
    try:
        lesson, room, person = access_lesson_room(request.user, request.session, lesson_id)
    except NotAuthenticated:
        return redirect_to_login(request.get_full_path())
    zone = request.user.timezone if isinstance(request.user, User) else None
    config = room_context(lesson, room, person, zone)
    config["csrfToken"] = get_token(request)
    return render(request, "room/room.html", {"config": config})


@login_required
@require_safe
@never_cache
def board_page(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """The board to look at: without call, sockets, or a row in the attendance."""
    me = current_user(request)
    lesson = access_lesson(me, lesson_id, to=Action.VIEW)
    room = get_or_create_session(lesson_id=lesson.pk).uuid
    config = {
        "locale": get_language(),
        "csrfToken": get_token(request),
        "roomApi": f"/api/classroom/sessions/{room}/",
    }
    context = {"lesson": lesson, "title": lesson_title(lesson, me.pk), "config": config}
    return render(request, "room/board.html", context)


def room_context(lesson: Lesson, room: UUID, person: Person, zone: str | None) -> dict[str, Any]:
    """The configuration that frontend/src/room/config.ts reads, without the CSRF token.

    `zone` is the time zone of the person's account.
    """
    is_guest = person.role is Role.GUEST
    return {
        "sessionUuid": str(room),
        "joinUrl": f"/api/classroom/sessions/{room}/join/",
        "guest": person.user_id is None,
        "maxNameLength": MAX_NAME,
        "lessonId": lesson.pk,
        # Guests cannot open the lesson's page.
        "lessonUrl": "" if is_guest else reverse("web:lesson", args=[lesson.pk]),
        "previousBoardUrl": _previous_board_url(lesson, person),
        "title": lesson_title(lesson, person.user_id),
        "locale": get_language(),
        "timeZone": zone,
        "zoneFallbacks": {zone: zone_fallbacks(zone, timezone.now())} if zone else {},
        "user": {"name": person.name} if person.name else None,
    }


def _previous_board_url(lesson: Lesson, person: Person) -> str:
    """The board of the lesson before in the series, if the person may see it."""
    previous = find_previous(lesson)
    if previous is None or person.user_id is None:
        return ""
    user = User.objects.get(pk=person.user_id)
    if not may(user, Action.VIEW, previous):
        return ""
    return reverse("web:lesson-board", args=[previous.pk])
