"""Imports a roster: upload a file, preview its rows, then invite the students."""

import base64
import secrets
import zlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.classrooms.invitations import invitations_left
from apps.classrooms.models import Classroom
from apps.classrooms.policies import access_classroom
from apps.classrooms.services import invite_to_classroom
from apps.common.errors import DomainError
from apps.common.request_body import continue_response, is_body_pending
from apps.web.shared.access import current_tutor
from apps.web.charsets import CHARSETS
from apps.web.forms.roster import RosterForm
from apps.web.roster import Roster, RosterError, mark_members, read_roster

SESSION_KEY = "roster-file"
CLAIM_SECONDS = 86400


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    if is_body_pending(request):
        return continue_response()
    initial = {"classroom": request.GET.get("classroom")}
    form = RosterForm(request.POST or None, request.FILES or None, tutor=me, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data["file"].read()
        try:
            read_roster(data)
        except RosterError as exc:
            form.add_error("file", str(exc))
        else:
            classroom: Classroom | None = form.cleaned_data["classroom"]
            request.session[SESSION_KEY] = {
                "id": secrets.token_urlsafe(12),
                "classroom": classroom.pk if classroom else None,
                "name": form.cleaned_data["name"],
                "file": base64.b64encode(zlib.compress(data)).decode(),
            }
            return redirect("web:roster-preview")
    return render(request, "web/roster.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """Has its own URL, so that a reload does not upload again; encoding and column are in it."""
    me = current_tutor(request)
    stored = request.session.get(SESSION_KEY)
    if stored is None:
        return redirect("web:roster")
    charset, column = _parse_choices(request.GET)
    context = {
        "id": stored["id"],
        "classroom": _target_classroom(me, stored).name,
        "charsets": CHARSETS,
    }
    try:
        roster = _load_roster(me, stored, charset, column)
    except RosterError as exc:
        context |= {"error": str(exc), "roster": {"charset": charset}}
        return render(request, "web/roster_preview.html", context, status=400)
    valid_count = len(_valid_emails(roster))
    context |= {
        "roster": roster,
        "good": valid_count,
        "bad": len(roster.rows) - valid_count,
        "left": invitations_left(me, timezone.now()),
    }
    return render(request, "web/roster_preview.html", context)


@login_required
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Invite the students of the preview once, and report those who could not be invited."""
    me = current_tutor(request)
    stored = request.session.get(SESSION_KEY)
    if stored is None or request.POST.get("id") != stored["id"]:
        return _redirect_expired(request)
    try:
        roster = _load_roster(me, stored, *_parse_choices(request.POST))
    except RosterError as exc:
        messages.error(request, str(exc))
        return redirect("web:roster")
    if roster.column is None:
        messages.error(request, _("Choose the column with the students’ own addresses."))
        return redirect("web:roster-preview")
    if not _claim_once(stored["id"]):
        return _redirect_expired(request)
    classroom = _target_classroom(me, stored)
    if classroom.pk is None:
        classroom.save()
    # One transaction per invitation: a single one would block SQLite's other writers.
    emails = _valid_emails(roster)
    failures, skipped = _invite_all(classroom, emails)
    del request.session[SESSION_KEY]
    _add_result_messages(request, len(emails) - len(failures) - skipped, skipped, failures)
    return redirect("web:classroom", classroom.pk)


def _redirect_expired(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("The preview has grown old. Choose the file again."))
    return redirect("web:roster")


def _parse_choices(params: QueryDict) -> tuple[str, int | None]:
    column = params.get("column", "")
    is_number = column.isascii() and column.isdecimal() and len(column) < 5
    return params.get("charset", ""), int(column) if is_number else None


def _load_roster(me: User, stored: dict[str, Any], charset: str, column: int | None) -> Roster:
    """Parse the uploaded file again. Raises RosterError."""
    data = zlib.decompress(base64.b64decode(stored["file"]))
    roster = read_roster(data, charset, column)
    classroom = _target_classroom(me, stored)
    mark_members(classroom if classroom.pk else None, roster.rows)
    return roster


def _valid_emails(roster: Roster) -> list[str]:
    return [row.email for row in roster.rows if not row.error]


def _target_classroom(me: User, stored: dict[str, Any]) -> Classroom:
    """The chosen classroom, or a new one that is not saved yet."""
    if stored["classroom"]:
        return access_classroom(me, stored["classroom"])
    return Classroom(tutor=me, name=stored["name"])


def _claim_once(roster_id: str) -> bool:
    """False if the roster was confirmed before; a double click reads the session twice."""
    return cache.add(f"roster-{roster_id}", True, CLAIM_SECONDS)


def _invite_all(classroom: Classroom, emails: list[str]) -> tuple[list[str], int]:
    """Return a message per refused address, and how many the daily limit left over."""
    failures: list[str] = []
    for number, email in enumerate(emails):
        try:
            invite_to_classroom(classroom=classroom, email=email)
        except DomainError as exc:
            if not invitations_left(classroom.tutor, timezone.now()):
                return failures, len(emails) - number
            failures.append(f"{email}: {exc.detail}")
    return failures, 0


def _add_result_messages(
    request: HttpRequest, invited: int, skipped: int, failures: list[str]
) -> None:
    sentence = ngettext("%(n)s student was invited.", "%(n)s students were invited.", invited)
    messages.success(request, sentence % {"n": invited})
    if skipped:
        sentence = ngettext(
            "%(n)s student is not invited yet: that is all for today. Import the file again "
            "tomorrow; it leaves out whoever is invited already.",
            "%(n)s students are not invited yet: that is all for today. Import the file again "
            "tomorrow; it leaves out whoever is invited already.",
            skipped,
        )
        messages.warning(request, sentence % {"n": skipped})
    for sentence in failures:
        messages.error(request, sentence)
