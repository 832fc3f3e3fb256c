"""A roster from a file: uploaded, shown row by row, and only then invited."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import User
from apps.classrooms.models import Classroom
from apps.classrooms.policies import access_classroom
from apps.classrooms.services import invite_to_classroom
from apps.common.errors import DomainError
from apps.web.access import tutor
from apps.web.forms.roster import RosterForm
from apps.web.roster import RosterError, RosterRow, check_against, read_roster

SALT = "roster"
PREVIEW_SECONDS = 3600


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    me = tutor(request)
    initial = {"classroom": request.GET.get("classroom")}
    form = RosterForm(request.POST or None, request.FILES or None, tutor=me, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            rows = read_roster(form.cleaned_data["file"].read())
        except RosterError as exc:
            form.add_error("file", str(exc))
        else:
            check_against(form.cleaned_data["classroom"], rows)
            return _preview(request, me, form.cleaned_data, rows)
    return render(request, "web/roster.html", {"form": form}, status=400 if form.errors else 200)


def _preview(
    request: HttpRequest, me: User, asked: dict[str, Any], rows: list[RosterRow]
) -> HttpResponse:
    good = [row.email for row in rows if not row.error]
    classroom: Classroom | None = asked["classroom"]
    plan = {
        "tutor": me.pk,
        "classroom": classroom.pk if classroom else None,
        "name": asked["name"],
        "emails": good,
    }
    context = {
        "rows": rows,
        "good": len(good),
        "bad": len(rows) - len(good),
        "classroom": classroom.name if classroom else asked["name"],
        "plan": signing.dumps(plan, salt=SALT, compress=True),
    }
    return render(request, "web/roster_preview.html", context)


@login_required
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Invites whom the signed preview names. Whoever cannot be invited is named, not in the way of
    the others."""
    me = tutor(request)
    try:
        plan = signing.loads(request.POST.get("plan", ""), salt=SALT, max_age=PREVIEW_SECONDS)
    except signing.BadSignature:
        plan = {}
    if plan.get("tutor") != me.pk:
        messages.error(request, _("The preview has grown old. Choose the file again."))
        return redirect("web:roster")
    with transaction.atomic():
        classroom = (
            access_classroom(me, plan["classroom"])
            if plan["classroom"]
            else Classroom.objects.create(tutor=me, name=plan["name"])
        )
        refused = _invite_all(classroom, plan["emails"])
    invited = len(plan["emails"]) - len(refused)
    messages.success(
        request,
        ngettext("%(n)s student was invited.", "%(n)s students were invited.", invited)
        % {"n": invited},
    )
    for sentence in refused:
        messages.error(request, sentence)
    return redirect("web:classroom", classroom.pk)


def _invite_all(classroom: Classroom, emails: list[str]) -> list[str]:
    refused = []
    for email in emails:
        try:
            invite_to_classroom(classroom=classroom, email=email)
        except DomainError as exc:
            refused.append(f"{email}: {exc.detail}")
    return refused
