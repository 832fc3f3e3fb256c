"""Pages on which students join, leave and list classrooms."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import User
from apps.booking.policies import list_bookable_tutors
from apps.classrooms.invitations import read_invitation
from apps.classrooms.models import Membership
from apps.classrooms.policies import access_invitation, access_own_membership
from apps.classrooms.queries import find_classroom_by_code
from apps.classrooms.services import (
    accept_invitation,
    decline_invitation,
    join_classroom,
    leave_classroom,
)
from apps.common.errors import DomainError
from apps.common.pasted import clean_code, clean_token, is_invite_link
from apps.common.rate_limits import check_rate_limit
from apps.lessons.models import Lesson
from apps.web.classrooms import confirmations
from apps.web.classrooms.forms import JoinForm
from apps.web.shared.access import current_student, current_user
from apps.web.shared.confirmations import render_confirmation
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.pending import forget_code, is_remembered, remember_code
from apps.web.shared.policies import continue_after_joining, show_policy
from apps.web.shared.student_links import student_links

Status = Membership.Status
MAX_MEMBERSHIPS = 100


def memberships_page(request: HttpRequest, form: JoinForm | None = None) -> HttpResponse:
    me = current_student(request)
    rows = Membership.objects.of(me).not_blocked_by(me).current()
    rows = rows.select_related("classroom__tutor")[:MAX_MEMBERSHIPS]
    context = {
        "student_links": student_links(me),
        "invitations": [m for m in rows if m.status == Status.INVITED],
        "rows": [m for m in rows if m.status != Status.INVITED],
        "bookable": list_bookable_tutors(me),
        "form": form or JoinForm(),
    }
    has_errors = form is not None and bool(form.errors)
    return render(
        request, "classrooms/my_classrooms.html", context, status=400 if has_errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: str = "") -> HttpResponse:
    """GET (a link with a code) shows the form, POST joins the classroom.

    A visitor is asked to sign up or in, and told what for if the code is right."""
    if not request.user.is_authenticated:
        return _welcome_visitor(request, code)
    me = current_user(request)
    forget_code(request)
    if me.is_tutor:
        return render(request, "classrooms/join_as_tutor.html", status=403)
    if request.method != "POST":
        return _confirm_code(request, code)
    form = JoinForm(request.POST)
    if not form.is_valid():
        return memberships_page(request, form)
    try:
        return _join_by_code(request, me, form.cleaned_data["join_code"])
    except DomainError as exc:
        add_domain_error(form, exc)
        return memberships_page(request, form)


def _join_by_code(request: HttpRequest, me: User, code: str) -> HttpResponse:
    """Raises DomainError if the code is wrong or tried too often."""
    check_rate_limit(request, "join")
    if is_invite_link(code):
        return _redirect_to_invite(code)
    membership = join_classroom(student=me, join_code=code)
    return _welcome(request, me, membership)


def _welcome(request: HttpRequest, me: User, membership: Membership) -> HttpResponse:
    messages.success(request, _("You are in “%(name)s”.") % {"name": membership.classroom.name})
    tutor_id = membership.classroom.tutor_id
    return continue_after_joining(request, me, tutor_id, then="web:classrooms")


def _confirm_code(request: HttpRequest, code: str) -> HttpResponse:
    if is_invite_link(code):
        return _redirect_to_invite(code)
    code = clean_code(code)
    if code:
        check_rate_limit(request, "join")
    form = JoinForm(initial={"join_code": code})
    classroom = find_classroom_by_code(code)
    policy = show_policy(request.user, classroom.tutor_id if classroom else None)
    context = {"form": form, "code": code, "classroom": classroom, "policy": policy}
    return render(request, "classrooms/join.html", context)


def _welcome_visitor(request: HttpRequest, code: str) -> HttpResponse:
    """Guessing codes here has the same limit as joining. A code counts once for each visitor, since
    a whole class may open the link from one address."""
    if is_invite_link(code):
        return _redirect_to_invite(code)
    if not is_remembered(request, code):
        check_rate_limit(request, "join")
    classroom = find_classroom_by_code(code)
    if request.method == "POST" or classroom is None:
        return redirect_to_login(request.get_full_path())
    remember_code(request, clean_code(code))
    return render(request, "classrooms/join_visitor.html", {"classroom": classroom})


def _redirect_to_invite(pasted: str) -> HttpResponse:
    """For an invitation or invite link pasted into the field for a code."""
    token = clean_token(pasted)
    try:
        read_invitation(token)
    except DomainError as exc:
        if exc.code == "invite_invalid":
            return redirect("web:invite-link", token)
    return redirect("web:invitation-link", token)


@login_required
@require_POST
def accept(request: HttpRequest, membership_id: int) -> HttpResponse:
    me = current_student(request)
    membership = accept_invitation(membership=access_invitation(me, membership_id), student=me)
    return _welcome(request, me, membership)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, membership_id: int) -> HttpResponse:
    me = current_student(request)
    membership = access_invitation(me, membership_id)
    if request.method != "POST":
        return render_confirmation(request, confirmations.confirm_declining(membership))
    is_blocking = bool(request.POST.get("block"))
    decline_invitation(membership=membership, person=me, block_tutor=is_blocking)
    messages.success(request, _("You have declined the invitation."))
    return redirect("web:classrooms")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, membership_id: int) -> HttpResponse:
    me = current_student(request)
    membership = access_own_membership(me, membership_id)
    if request.method != "POST":
        lessons = Lesson.objects.of(me).upcoming(timezone.now())
        upcoming = lessons.filter(classroom=membership.classroom).count()
        return render_confirmation(request, confirmations.confirm_leaving(membership, upcoming))
    leave_classroom(membership=membership)
    name = membership.classroom.name
    messages.success(request, _("You have left “%(name)s”.") % {"name": name})
    return redirect("web:classrooms")
