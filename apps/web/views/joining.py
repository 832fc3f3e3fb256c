"""The student's side of classrooms: a code, an invitation, and what one is a member of."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.classrooms.models import Membership
from apps.classrooms.policies import access_invitation
from apps.classrooms.services import accept_invitation, join_classroom
from apps.common.errors import DomainError
from apps.web.access import person, student
from apps.web.form_errors import tell
from apps.web.forms.classrooms import JoinForm
from apps.web.throttle import spend

MOST = 100


def my_memberships(request: HttpRequest, form: JoinForm | None = None) -> HttpResponse:
    me = student(request)
    rows = (
        Membership.objects.of(me)
        .exclude(status=Membership.Status.REMOVED)
        .filter(classroom__archived_at=None)
        .select_related("classroom__tutor")
        .order_by("classroom__name", "id")[:MOST]
    )
    context = {
        "invitations": [m for m in rows if m.status == Membership.Status.INVITED],
        "rows": [m for m in rows if m.status != Membership.Status.INVITED],
        "form": form or JoinForm(),
    }
    bad = form is not None and form.errors
    return render(request, "web/my_classrooms.html", context, status=400 if bad else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: str = "") -> HttpResponse:
    """A link with a code asks before it joins; the form joins at once."""
    me = person(request)
    if me.is_tutor:
        return render(request, "web/join_as_tutor.html", status=403)
    if request.method != "POST":
        form = JoinForm(initial={"join_code": code})
        return render(request, "web/join.html", {"form": form, "code": code})
    form = JoinForm(request.POST)
    if form.is_valid():
        try:
            spend(request, "join")
            membership = join_classroom(student=me, join_code=form.cleaned_data["join_code"])
        except DomainError as exc:
            tell(form, exc)
        else:
            sentence = _("You are in “%(name)s”.")
            messages.success(request, sentence % {"name": membership.classroom.name})
            return redirect("web:classrooms")
    return my_memberships(request, form)


@login_required
@require_POST
def accept(request: HttpRequest, membership_id: int) -> HttpResponse:
    me = student(request)
    membership = accept_invitation(membership=access_invitation(me, membership_id), student=me)
    messages.success(request, _("You are in “%(name)s”.") % {"name": membership.classroom.name})
    return redirect("web:classrooms")
