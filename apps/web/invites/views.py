"""Opens an invite link: redirects to the room, or renders a page that says what to do next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.classroom import guest_sessions
from apps.classroom.errors import invite_invalid
from apps.classroom.identity import identify, make_guest
from apps.classroom.policies import is_closed_to_guests
from apps.classroom.services import get_or_create_session
from apps.common.errors import DomainError
from apps.common.pasted import clean_code, is_code, is_invite_link
from apps.common.rate_limits import check_rate_limit
from apps.common.session_tokens import kept_token
from apps.lessons.invites import PURPOSE, ReadInvite, find_invited_lesson, read_invite
from apps.lessons.models import Lesson
from apps.lessons.phases import SOON
from apps.lessons.policies import Action, may
from apps.web.invites.forms import GuestForm
from apps.web.shared.token_links import move_token_to_session


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    if not is_invite_link(token) and is_code(token):
        return redirect("web:join-code", clean_code(token))
    return move_token_to_session(request, PURPOSE, token, then="web:invite")


@require_safe
@never_cache
def resolve_invite(request: HttpRequest) -> HttpResponse:
    try:
        invite = _read_pending_invite(request)
    except DomainError as exc:
        return _render_refused(request, exc)
    lesson = invite.lesson
    if isinstance(request.user, User) and may(request.user, Action.ENTER, lesson):
        return _redirect_to_room(lesson)
    if is_closed_to_guests(lesson, timezone.now()):
        return _render_lesson_over(request)
    if _is_too_early(lesson):
        return _render_too_early(request, lesson)
    if isinstance(request.user, User):
        return _enter_as_guest(request, invite)
    name = guest_sessions.latest_name(request.session)
    return _render_guest_form(request, lesson, GuestForm(initial={"name": name}))


@require_POST
@never_cache
def enter_as_guest(request: HttpRequest) -> HttpResponse:
    form = GuestForm(request.POST)
    try:
        invite = _read_pending_invite(request)
    except DomainError as exc:
        return _render_refused(request, exc)
    lesson = invite.lesson
    if is_closed_to_guests(lesson, timezone.now()):
        return _render_lesson_over(request)
    if _is_too_early(lesson):
        return _render_too_early(request, lesson)
    if not form.is_valid():
        return _render_guest_form(request, lesson, form, status=400)
    return _enter_as_guest(request, invite, form.cleaned_data["name"])


def _enter_as_guest(request: HttpRequest, invite: ReadInvite, name: str = "") -> HttpResponse:
    room = get_or_create_session(lesson_id=invite.lesson.pk).uuid
    known = identify(request.user, request.session, room, invite.lesson)
    guest = make_guest(request.user, known, invite.claims, name)
    guest_sessions.save_guest(request.session, room, guest)
    return _redirect_to_room(invite.lesson)


def _read_pending_invite(request: HttpRequest) -> ReadInvite:
    token = kept_token(request.session, PURPOSE)
    if not token:
        raise invite_invalid()
    check_rate_limit(request, "invite")
    return read_invite(token)


def _is_too_early(lesson: Lesson) -> bool:
    return lesson.starts_at - timezone.now() > SOON


def _redirect_to_room(lesson: Lesson) -> HttpResponse:
    return redirect(reverse("web:lesson", args=[lesson.pk]) + "room/")


def _render_guest_form(
    request: HttpRequest, lesson: Lesson, form: GuestForm, status: int = 200
) -> HttpResponse:
    return render(
        request, "invites/guest_form.html", {"lesson": lesson, "form": form}, status=status
    )


def _render_too_early(request: HttpRequest, lesson: Lesson) -> HttpResponse:
    context = {"lesson": lesson, "opens_at": lesson.starts_at - SOON}
    return render(request, "invites/too_early.html", context)


def _render_lesson_over(request: HttpRequest) -> HttpResponse:
    return render(request, "invites/refused.html", {"code": "lesson_over"}, status=410)


def _render_refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    if error.code == "throttled":
        raise error
    lesson = find_invited_lesson(kept_token(request.session, PURPOSE))
    if error.code == "invite_expired" and lesson and is_closed_to_guests(lesson, timezone.now()):
        return _render_lesson_over(request)
    # A correctly signed token that is refused as invalid was revoked.
    revoked = error.code == "invite_invalid" and lesson is not None
    context = {"code": "invite_revoked" if revoked else error.code}
    return render(request, "invites/refused.html", context, status=error.status)
