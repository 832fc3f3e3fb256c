"""Imports a roster: upload a file, preview its rows, then invite the students."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.classrooms.invitations import invitations_left
from apps.classrooms.models import Classroom
from apps.classrooms.roster.charsets import CHARSETS
from apps.classrooms.roster.invite import InviteResult, invite_students, mark_members
from apps.classrooms.roster.reader import Roster, RosterError, read_roster
from apps.common.addresses import client_address
from apps.common.request_body import continue_response, is_body_pending
from apps.common.security_log import log_refusal
from apps.web.roster.forms import RosterForm
from apps.web.roster.upload_session import delete_upload, load_upload, store_upload
from apps.web.shared.access import current_tutor


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    if is_body_pending(request):
        return continue_response()
    initial = {"classroom": request.GET.get("classroom")}
    form = RosterForm(request.POST or None, request.FILES or None, tutor=me, initial=initial)
    if request.method == "POST" and form.is_valid():
        store_upload(
            request,
            data=form.cleaned_data["file"],
            classroom=form.cleaned_data["classroom"],
            name=form.cleaned_data["name"],
        )
        return redirect("web:roster-preview")
    return render(request, "roster/upload.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """Has its own URL, so that a reload does not upload again; encoding and column are in it."""
    me = current_tutor(request)
    stored = load_upload(request)
    if stored is None:
        return redirect("web:roster")
    classroom = stored.target_classroom(me)
    context: dict[str, Any] = {
        "id": stored.id,
        "classroom": classroom.name,
        "charsets": CHARSETS,
        "left": invitations_left(me, timezone.now()),
    }
    try:
        roster = _read_roster(stored.data, classroom, request.GET)
    except RosterError as exc:
        context |= {"error": str(exc), "roster": {"charset": request.GET.get("charset", "")}}
        return render(request, "roster/preview.html", context, status=400)
    good = len(roster.valid_emails)
    context |= {"roster": roster, "good": good, "bad": len(roster.rows) - good}
    return render(request, "roster/preview.html", context)


@login_required
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Invite the students of the preview once, and report those who could not be invited."""
    me = current_tutor(request)
    stored = load_upload(request)
    if stored is None or request.POST.get("id") != stored.id:
        return _redirect_expired(request)
    classroom = stored.target_classroom(me)
    try:
        roster = _read_roster(stored.data, classroom, request.POST)
    except RosterError as exc:
        messages.error(request, str(exc))
        return redirect("web:roster")
    if roster.column is None:
        messages.error(request, _("Choose the column with the students’ own addresses."))
        return redirect("web:roster-preview")
    if not stored.claim_once():
        return _redirect_expired(request)
    result = invite_students(classroom=classroom, emails=roster.valid_emails)
    if result.skipped:
        address = client_address(request)
        log_refusal("invitation_refused", "throttled", user_id=me.pk, address=address)
    delete_upload(request)
    _add_result_messages(request, result)
    return redirect("web:classroom", classroom.pk)


def _redirect_expired(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("This preview has expired. Choose the file again."))
    return redirect("web:roster")


def _read_roster(data: bytes, classroom: Classroom, choices: QueryDict) -> Roster:
    """Read the file by the encoding and column chosen on the preview. Raises RosterError."""
    column = choices.get("column", "")
    is_number = column.isascii() and column.isdecimal() and len(column) < 5
    roster = read_roster(data, choices.get("charset", ""), int(column) if is_number else None)
    mark_members(classroom, roster.rows)
    return roster


def _add_result_messages(request: HttpRequest, result: InviteResult) -> None:
    sentence = ngettext(
        "%(n)s student was invited.", "%(n)s students were invited.", result.invited
    )
    messages.success(request, sentence % {"n": result.invited})
    if result.skipped:
        sentence = ngettext(
            "%(n)s student is not invited yet: you have reached today’s limit. Import the file "
            "again tomorrow; whoever is already invited is skipped.",
            "%(n)s students are not invited yet: you have reached today’s limit. Import the file "
            "again tomorrow; whoever is already invited is skipped.",
            result.skipped,
        )
        messages.warning(request, sentence % {"n": result.skipped})
    for sentence in result.failures:
        messages.error(request, sentence)
