"""A roster from a file: uploaded, shown row by row, and only then invited."""

import secrets
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.classrooms.models import Classroom
from apps.classrooms.policies import access_classroom
from apps.classrooms.services import invite_to_classroom
from apps.common.errors import DomainError
from apps.common.request_body import body_is_pending, read_body_first
from apps.web.access import tutor
from apps.web.forms.roster import RosterForm
from apps.web.roster import RosterError, check_against, read_roster

KEY = "roster"
CLAIM_SECONDS = 86400


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    me = tutor(request)
    if body_is_pending(request):
        return read_body_first()
    initial = {"classroom": request.GET.get("classroom")}
    form = RosterForm(request.POST or None, request.FILES or None, tutor=me, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            rows = read_roster(form.cleaned_data["file"].read())
        except RosterError as exc:
            form.add_error("file", str(exc))
        else:
            classroom: Classroom | None = form.cleaned_data["classroom"]
            check_against(classroom, rows)
            request.session[KEY] = {
                "id": secrets.token_urlsafe(12),
                "classroom": classroom.pk if classroom else None,
                "name": form.cleaned_data["name"],
                "rows": [asdict(row) for row in rows],
            }
            return redirect("web:roster-preview")
    return render(request, "web/roster.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """An address of its own, so that going back to it or reloading sends no file again."""
    me = tutor(request)
    roster = request.session.get(KEY)
    if roster is None:
        return redirect("web:roster")
    good = len(_emails(roster))
    context = {
        "id": roster["id"],
        "rows": roster["rows"],
        "good": good,
        "bad": len(roster["rows"]) - good,
        "classroom": _named(me, roster).name,
    }
    return render(request, "web/roster_preview.html", context)


@login_required
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Invites whom the preview named, once. Whoever cannot be invited is named, not in the way of
    the others."""
    me = tutor(request)
    roster = request.session.get(KEY)
    if roster is None or request.POST.get("id") != roster["id"] or not _claim(roster["id"]):
        messages.error(request, _("The preview has grown old. Choose the file again."))
        return redirect("web:roster")
    emails = _emails(roster)
    classroom = _named(me, roster)
    if classroom.pk is None:
        classroom.save()
    # Each in a transaction of its own: one of all would keep SQLite's other writers waiting.
    refused = _invite_all(classroom, emails)
    del request.session[KEY]
    invited = len(emails) - len(refused)
    messages.success(
        request,
        ngettext("%(n)s student was invited.", "%(n)s students were invited.", invited)
        % {"n": invited},
    )
    for sentence in refused:
        messages.error(request, sentence)
    return redirect("web:classroom", classroom.pk)


def _emails(roster: dict[str, Any]) -> list[str]:
    return [row["email"] for row in roster["rows"] if not row["error"]]


def _named(me: User, roster: dict[str, Any]) -> Classroom:
    """The tutor's classroom, or one that is not saved yet."""
    if roster["classroom"]:
        return access_classroom(me, roster["classroom"])
    return Classroom(tutor=me, name=roster["name"])


def _claim(roster_id: str) -> bool:
    """Whether this is the first to ask: of two clicks at once both have read the session."""
    return cache.add(f"roster-{roster_id}", True, CLAIM_SECONDS)


def _invite_all(classroom: Classroom, emails: list[str]) -> list[str]:
    refused = []
    for email in sorted(emails):
        try:
            invite_to_classroom(classroom=classroom, email=email)
        except DomainError as exc:
            refused.append(f"{email}: {exc.detail}")
    return refused
