"""Opens the signed link of an invitation to a classroom."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.classrooms.invitations import PURPOSE, read_invitation
from apps.classrooms.models import Membership
from apps.classrooms.policies import access_invitation, access_invitation_to_decline
from apps.classrooms.services import accept_invitation, decline_invitation
from apps.common.errors import DomainError
from apps.common.rate_limits import check_rate_limit
from apps.common.session_tokens import drop_token, kept_token
from apps.web.shared.access import current_student, current_user
from apps.web.shared.policies import continue_after_joining, show_policy
from apps.web.shared.token_links import move_token_to_session

_ANSWERED_KEY = "invitation_answered"


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    request.session.pop(_ANSWERED_KEY, None)
    return move_token_to_session(request, PURPOSE, token, then="web:invitation")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """Show who invites; a signed-in student accepts or declines."""
    token = kept_token(request.session, PURPOSE)
    if request.method == "POST" and not token and request.session.get(_ANSWERED_KEY):
        return redirect("web:classrooms")  # a second click
    try:
        check_rate_limit(request, "invite")
        membership = read_invitation(token)
        if request.method == "POST":
            return _accept_or_decline(request, membership, token)
    except DomainError as exc:
        if exc.code == "throttled":
            raise
        context = {"detail": exc.detail, "code": exc.code}
        return render(request, "classrooms/invitation_refused.html", context, status=exc.status)
    if membership.status == Membership.Status.ACTIVE and membership.student == request.user:
        return redirect("web:classrooms")
    may_answer = isinstance(request.user, User) and request.user.is_student
    return render(
        request,
        "classrooms/invitation.html",
        {
            "classroom": membership.classroom,
            "may_answer": may_answer,
            "policy": show_policy(request.user, membership.classroom.tutor_id),
        },
    )


def _accept_or_decline(request: HttpRequest, membership: Membership, token: str) -> HttpResponse:
    name, tutor_id = membership.classroom.name, membership.classroom.tutor_id
    answer = request.POST.get("answer")
    response: HttpResponse = redirect("web:classrooms")
    if answer in ("decline", "block"):
        me = current_user(request)
        membership = access_invitation_to_decline(me, membership.pk, token)
        decline_invitation(membership=membership, person=me, block_tutor=answer == "block")
        messages.success(request, _("You have declined the invitation."))
    else:
        student = current_student(request)
        membership = access_invitation(student, membership.pk, token)
        accept_invitation(membership=membership, student=student)
        messages.success(request, _("You are in “%(name)s”.") % {"name": name})
        response = continue_after_joining(request, student, tutor_id, then="web:classrooms")
    drop_token(request.session, PURPOSE)
    request.session[_ANSWERED_KEY] = True
    return response
