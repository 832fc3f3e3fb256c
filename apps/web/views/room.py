"""The live room's page: passes the configuration to the island, which then opens its sockets."""

from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.classroom.guest_sessions import MAX_NAME
from apps.classroom.identity import identify
from apps.classroom.policies import Person, Role
from apps.classroom.services import get_or_create_session
from apps.common.zones import zone_fallbacks
from apps.lessons.errors import lesson_not_found
from apps.lessons.models import Lesson


@require_safe
@never_cache
def room_page(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """For the lesson's tutor and student, and for a guest who has opened an invite link.

    Whether the guest's invite is still valid is not checked here: the `join` endpoint does that
    each time the room connects.
    """
    lesson = Lesson.objects.select_related("tutor", "student").filter(pk=lesson_id).first()
    user = request.user if isinstance(request.user, User) else None
    room = person = None
    if lesson is not None:
        room = get_or_create_session(lesson_id=lesson.pk).uuid
        person = identify(request.user, request.session, room, lesson)
    if person is None and user is None:
        return redirect_to_login(request.get_full_path())
    if lesson is None or room is None:
        raise lesson_not_found()
    if person is None:
        raise PermissionDenied
    config = room_context(lesson, room, person, user.timezone if user is not None else None)
    config["csrfToken"] = get_token(request)
    return render(request, "web/room.html", {"config": config})


def room_context(lesson: Lesson, room: UUID, person: Person, zone: str | None) -> dict[str, Any]:
    """The configuration that frontend/src/room/config.ts reads, without the CSRF token.

    `zone` is the time zone of the person's account.
    """
    is_guest = person.role is Role.GUEST
    other = lesson.student if person.is_tutor else lesson.tutor
    return {
        "sessionUuid": str(room),
        "joinUrl": f"/api/classroom/sessions/{room}/join/",
        "guest": person.user_id is None,
        "maxNameLength": MAX_NAME,
        "lessonId": lesson.pk,
        # Guests cannot open the lesson's page.
        "lessonUrl": "" if is_guest else reverse("web:lesson", args=[lesson.pk]),
        "title": lesson.title or _("Lesson with %(name)s") % {"name": other.get_full_name()},
        "locale": get_language(),
        "timeZone": zone,
        "zoneFallbacks": {zone: zone_fallbacks(zone, timezone.now())} if zone else {},
        "user": {"name": person.name} if person.name else None,
    }
