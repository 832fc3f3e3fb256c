"""The live room's page: passes the configuration to the island, which then opens its sockets."""

from typing import Any

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
from apps.classroom.services import get_or_create_session
from apps.common.zones import zone_fallbacks
from apps.lessons.errors import lesson_not_found
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, may
from apps.web.invite_session import get_guest_name, get_room_invite


@require_safe
@never_cache
def room_page(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """For the lesson's tutor and student, and for a guest with an invite in the session.

    The invite is not verified here: the `join` endpoint does that each time the room connects.
    """
    lesson = Lesson.objects.select_related("tutor", "student").filter(pk=lesson_id).first()
    user = request.user if isinstance(request.user, User) else None
    invite = get_room_invite(request, lesson_id)
    if user is None and not invite:
        return redirect_to_login(request.get_full_path())
    if lesson is None:
        raise lesson_not_found()
    is_participant = user is not None and may(user, Action.ENTER, lesson)
    if not is_participant and not invite:
        raise PermissionDenied
    config = room_context(
        lesson,
        user=user,
        invite=None if is_participant else invite,
        guest=user is None,
        name=get_guest_name(request),
    )
    config["csrfToken"] = get_token(request)
    return render(request, "web/room.html", {"config": config})


def room_context(
    lesson: Lesson, *, user: User | None, invite: str | None, guest: bool, name: str = ""
) -> dict[str, Any]:
    """The configuration that frontend/src/room/config.ts reads, without the CSRF token.

    `name` is the name that a guest without an account entered on the invite page.
    """
    session = get_or_create_session(lesson_id=lesson.pk)
    display_name = user.get_full_name() if user is not None else name
    zone = user.timezone if user is not None else None
    return {
        "sessionUuid": str(session.uuid),
        "joinUrl": f"/api/classroom/sessions/{session.uuid}/join/",
        "invite": invite,
        "guest": guest,
        "lessonId": lesson.pk,
        # Guests cannot open the lesson's page.
        "lessonUrl": reverse("web:lesson", args=[lesson.pk]) if invite is None else "",
        "title": lesson.title
        or _("Lesson with %(name)s") % {"name": _other_participant_name(lesson, user)},
        "locale": get_language(),
        "timeZone": zone,
        "zoneFallbacks": {zone: zone_fallbacks(zone, timezone.now())} if zone else {},
        "user": {"name": display_name} if display_name else None,
    }


def _other_participant_name(lesson: Lesson, user: User | None) -> str:
    other = lesson.student if user is not None and user.pk == lesson.tutor_id else lesson.tutor
    return other.get_full_name()
