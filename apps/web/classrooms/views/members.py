from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.classrooms.models import Membership
from apps.classrooms.policies import access_classroom, access_membership
from apps.classrooms.services import change_membership, invite_to_classroom
from apps.common.errors import DomainError
from apps.common.security_log import logged_refusals
from apps.web.classrooms.forms import InviteForm
from apps.web.classrooms.views.classrooms import classroom_page
from apps.web.shared.access import current_tutor
from apps.web.shared.form_errors import add_domain_error

Status = Membership.Status


@login_required
@require_POST
def invite(request: HttpRequest, classroom_id: int) -> HttpResponse:
    with logged_refusals("invitation_refused", request):
        classroom = access_classroom(current_tutor(request), classroom_id)
    form = InviteForm(request.POST)
    if form.is_valid():
        email = form.cleaned_data["email"]
        try:
            with logged_refusals("invitation_refused", request):
                membership = invite_to_classroom(classroom=classroom, email=email)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            _add_invited_message(request, membership, email)
            return redirect("web:classroom", classroom.pk)
    return classroom_page(request, classroom, invite=form)


def _add_invited_message(request: HttpRequest, membership: Membership, email: str) -> None:
    if membership.status == Status.INVITED:
        messages.success(request, _("%(email)s is invited.") % {"email": email})
    else:
        state = Status(membership.status).label
        sentence = _("%(email)s is in this classroom already: %(state)s.")
        messages.warning(request, sentence % {"email": email, "state": state})


@login_required
@require_POST
def change(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Pause, resume or remove a member."""
    membership = access_membership(current_tutor(request), membership_id)
    status = request.POST.get("status", "")
    try:
        change_membership(membership=membership, status=status)
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, _success_message(status))
    return redirect("web:classroom", membership.classroom_id)


def _success_message(status: str) -> str:
    return {
        Status.PAUSED: _("Paused: no lessons can be scheduled until you resume."),
        Status.ACTIVE: _("Lessons can be scheduled again."),
        Status.REMOVED: _(
            "Removed from the classroom. Their lessons stay in the calendar. The join code still"
            " works for others; make a new one if it should not."
        ),
    }.get(Status(status), "")
