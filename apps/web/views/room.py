"""The live room's page: a shell with what the island must know; its sockets do all the rest."""

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
from apps.classroom.services import session_of
from apps.common.zones import zone_fallbacks
from apps.lessons.errors import lesson_not_found
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, may
from apps.web.invite_session import get_guest_name, get_room_invite


@require_safe
@never_cache
def room_page(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """For the lesson's two people, and for whoever came through an invite to it. Whether the
    invite is still good is for `join` to say, as it also says it while the page is open."""
    lesson = Lesson.objects.select_related("tutor", "student").filter(pk=lesson_id).first()
    user = request.user if isinstance(request.user, User) else None
    invite = get_room_invite(request, lesson_id)
    if user is None and not invite:
        return redirect_to_login(request.get_full_path())
    if lesson is None:
        raise lesson_not_found()
    belongs = user is not None and may(user, Action.ENTER, lesson)
    if not belongs and not invite:
        raise PermissionDenied
    config = room_context(
        lesson,
        user=user,
        invite=None if belongs else invite,
        guest=user is None,
        name=get_guest_name(request),
    )
    config["csrfToken"] = get_token(request)
    return render(request, "web/room.html", {"config": config})


def room_context(
    lesson: Lesson, *, user: User | None, invite: str | None, guest: bool, name: str = ""
) -> dict[str, Any]:
    """What frontend/src/room/config.ts reads, but for the CSRF token, which is the request's.

    `name` is what a guest without an account has already said, on the invite page.
    """
    session = session_of(lesson_id=lesson.pk)
    shown = user.get_full_name() if user is not None else name
    zone = user.timezone if user is not None else None
    return {
        "sessionUuid": str(session.uuid),
        "joinUrl": f"/api/classroom/sessions/{session.uuid}/join/",
        "invite": invite,
        "guest": guest,
        "lessonId": lesson.pk,
        # A guest has no lesson page to go back to.
        "lessonUrl": reverse("web:lesson", args=[lesson.pk]) if invite is None else "",
        "title": lesson.title or _("Lesson with %(name)s") % {"name": _other(lesson, user)},
        "locale": get_language(),
        "timeZone": zone,
        "zoneFallbacks": {zone: zone_fallbacks(zone, timezone.now())} if zone else {},
        "user": {"name": shown} if shown else None,
    }


def _other(lesson: Lesson, user: User | None) -> str:
    other = lesson.student if user is not None and user.pk == lesson.tutor_id else lesson.tutor
    return other.get_full_name()
