"""Opens the link by which a person becomes a student whom a tutor has added."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.accounts.placeholders import PURPOSE, decline_student_link, read_student_link
from apps.common.errors import DomainError
from apps.common.rate_limits import check_rate_limit
from apps.common.session_tokens import drop_token, kept_token
from apps.lessons.placeholders import accept_student_link
from apps.web.shared.access import current_student
from apps.web.shared.policies import continue_after_joining, show_policy
from apps.web.shared.token_links import move_token_to_session


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    return move_token_to_session(request, PURPOSE, token, then="web:student-invitation")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """Show who invites whom; a signed-in student accepts, and anybody may say it is not them."""
    token = kept_token(request.session, PURPOSE)
    if request.POST.get("answer") in ("decline", "block"):
        return _decline(request, token)
    try:
        check_rate_limit(request, "invite")
        student = read_student_link(token)
        if student == request.user:  # who signed up by the link opens it again
            return redirect("web:calendar")
        if request.method == "POST":
            return _accept(request, token, student.placeholder_of_id)
        if not student.is_placeholder:
            raise DomainError("invite_invalid", 400, _("This invite link is not valid."))
    except DomainError as exc:
        if exc.code == "throttled":
            raise
        context = {"code": exc.code, "detail": exc.detail}
        return render(request, "students/invitation_refused.html", context, status=exc.status)
    may_accept = isinstance(request.user, User) and request.user.is_student
    policy = show_policy(request.user, student.placeholder_of_id)
    shown = {"student": student, "may_accept": may_accept, "policy": policy}
    return render(request, "students/invitation.html", shown)


def _decline(request: HttpRequest, token: str) -> HttpResponse:
    if isinstance(request.user, User):
        is_blocking = request.POST["answer"] == "block" and request.user.is_student
        decline_student_link(token=token, student=request.user, block_tutor=is_blocking)
    drop_token(request.session, PURPOSE)
    return redirect("web:home")


def _accept(request: HttpRequest, token: str, tutor_id: int | None) -> HttpResponse:
    me = current_student(request)
    overlapping = accept_student_link(token=token, student=me)
    drop_token(request.session, PURPOSE)
    messages.success(request, _("Done. The lessons are in your calendar."))
    if overlapping:
        sentence = ngettext(
            "%(n)s lesson overlaps another one of yours. Agree on the time with your tutors.",
            "%(n)s lessons overlap others of yours. Agree on the times with your tutors.",
            overlapping,
        )
        messages.warning(request, sentence % {"n": overlapping})
    return continue_after_joining(request, me, tutor_id, then="web:calendar")
