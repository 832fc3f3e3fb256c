"""A roster from a file: uploaded, shown row by row, and only then invited."""

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
from apps.common.request_body import body_is_pending, read_body_first
from apps.web.access import current_tutor
from apps.web.charsets import CHARSETS
from apps.web.forms.roster import RosterForm
from apps.web.roster import Roster, RosterError, check_against, read_roster

KEY = "roster-file"
CLAIM_SECONDS = 86400


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    if body_is_pending(request):
        return read_body_first()
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
            request.session[KEY] = {
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
    """An address of its own, so that going back to it or reloading sends no file again; what the
    reader chose of encoding and column is in it."""
    me = current_tutor(request)
    kept = request.session.get(KEY)
    if kept is None:
        return redirect("web:roster")
    charset, column = _choices(request.GET)
    context = {"id": kept["id"], "classroom": _named(me, kept).name, "charsets": CHARSETS}
    try:
        roster = _roster(me, kept, charset, column)
    except RosterError as exc:
        context |= {"error": str(exc), "roster": {"charset": charset}}
        return render(request, "web/roster_preview.html", context, status=400)
    good = len(_emails(roster))
    context |= {
        "roster": roster,
        "good": good,
        "bad": len(roster.rows) - good,
        "left": invitations_left(me, timezone.now()),
    }
    return render(request, "web/roster_preview.html", context)


@login_required
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Invites whom the preview named, once. Whoever cannot be invited is named, not in the way of
    the others."""
    me = current_tutor(request)
    kept = request.session.get(KEY)
    if kept is None or request.POST.get("id") != kept["id"]:
        return _grown_old(request)
    try:
        roster = _roster(me, kept, *_choices(request.POST))
    except RosterError as exc:
        messages.error(request, str(exc))
        return redirect("web:roster")
    if roster.column is None:
        messages.error(request, _("Choose the column with the students’ own addresses."))
        return redirect("web:roster-preview")
    if not _claim(kept["id"]):
        return _grown_old(request)
    classroom = _named(me, kept)
    if classroom.pk is None:
        classroom.save()
    # Each in a transaction of its own: one of all would keep SQLite's other writers waiting.
    emails = _emails(roster)
    refused, left_out = _invite_all(classroom, emails)
    del request.session[KEY]
    _report(request, len(emails) - len(refused) - left_out, left_out, refused)
    return redirect("web:classroom", classroom.pk)


def _grown_old(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("The preview has grown old. Choose the file again."))
    return redirect("web:roster")


def _choices(asked: QueryDict) -> tuple[str, int | None]:
    column = asked.get("column", "")
    is_number = column.isascii() and column.isdecimal() and len(column) < 5
    return asked.get("charset", ""), int(column) if is_number else None


def _roster(me: User, kept: dict[str, Any], charset: str, column: int | None) -> Roster:
    """What was uploaded, read anew. Raises RosterError."""
    data = zlib.decompress(base64.b64decode(kept["file"]))
    roster = read_roster(data, charset, column)
    classroom = _named(me, kept)
    check_against(classroom if classroom.pk else None, roster.rows)
    return roster


def _emails(roster: Roster) -> list[str]:
    return [row.email for row in roster.rows if not row.error]


def _named(me: User, roster: dict[str, Any]) -> Classroom:
    """The tutor's classroom, or one that is not saved yet."""
    if roster["classroom"]:
        return access_classroom(me, roster["classroom"])
    return Classroom(tutor=me, name=roster["name"])


def _claim(roster_id: str) -> bool:
    """Whether this is the first to ask: of two clicks at once both have read the session."""
    return cache.add(f"roster-{roster_id}", True, CLAIM_SECONDS)


def _invite_all(classroom: Classroom, emails: list[str]) -> tuple[list[str], int]:
    """Sentences about those who were refused, and how many the limit of the day left out."""
    refused: list[str] = []
    for number, email in enumerate(emails):
        try:
            invite_to_classroom(classroom=classroom, email=email)
        except DomainError as exc:
            if not invitations_left(classroom.tutor, timezone.now()):
                return refused, len(emails) - number
            refused.append(f"{email}: {exc.detail}")
    return refused, 0


def _report(request: HttpRequest, invited: int, left_out: int, refused: list[str]) -> None:
    sentence = ngettext("%(n)s student was invited.", "%(n)s students were invited.", invited)
    messages.success(request, sentence % {"n": invited})
    if left_out:
        sentence = ngettext(
            "%(n)s student is not invited yet: that is all for today. Import the file again "
            "tomorrow; it leaves out whoever is invited already.",
            "%(n)s students are not invited yet: that is all for today. Import the file again "
            "tomorrow; it leaves out whoever is invited already.",
            left_out,
        )
        messages.warning(request, sentence % {"n": left_out})
    for sentence in refused:
        messages.error(request, sentence)
