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

from apps.accounts.models import User
from apps.classrooms.invitations import invitations_left
from apps.classrooms.models import Classroom
from apps.classrooms.roster.charsets import CHARSETS
from apps.classrooms.roster.fields import Field
from apps.classrooms.roster.invite import ImportResult, import_students, mark_members
from apps.classrooms.roster.reader import Choices, Roster, RosterError, read_roster
from apps.common.addresses import client_address
from apps.common.errors import DomainError
from apps.common.request_body import continue_response, is_body_pending
from apps.common.security_log import log_refusal
from apps.common.turns import turn
from apps.web.roster.forms import RosterForm
from apps.web.roster.upload_session import delete_upload, load_upload, store_upload
from apps.web.shared.access import current_tutor

MAX_SHOWN_FAILURES = 5


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
    return render(request, "roster/preview.html", context | _describe(roster))


@login_required
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Import the students of the preview once, and report those who could not be imported."""
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
    if roster.is_column_missing:
        messages.error(request, _("Choose the column with the students’ own addresses."))
        return redirect("web:roster-preview")
    if not stored.claim_once():
        return _redirect_expired(request)
    try:
        result = import_students(classroom=classroom, rows=roster.valid_rows)
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("web:roster")
    delete_upload(request)
    _report_result(request, me, result)
    return redirect("web:classroom", result.classroom.pk)


def _describe(roster: Roster) -> dict[str, Any]:
    good = roster.valid_rows
    return {
        "roster": roster,
        "good": len(good),
        "bad": len(roster.rows) - len(good),
        "invited": sum(not row.first_name for row in good),
        "mapping": _mapping(roster),
    }


def _report_result(request: HttpRequest, me: User, result: ImportResult) -> None:
    if result.skipped:
        address = client_address(request)
        log_refusal("invitation_refused", "throttled", user_id=me.pk, address=address)
    _add_result_messages(request, result)


def _redirect_expired(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("This preview has expired. Choose the file again."))
    return redirect("web:roster")


def _read_roster(data: bytes, classroom: Classroom, sent: QueryDict) -> Roster:
    """Read the file by the encoding and columns chosen on the preview. Raises RosterError, or
    `throttled`."""
    fields = {
        name: -1 if text == "" else _column_number(text)
        for name in Field
        if (text := sent.get(name)) is not None
    }
    chosen = Choices(
        sent.get("charset", ""),
        _column_number(sent.get("column", "")),
        {name: index for name, index in fields.items() if index is not None},
    )
    with turn(classroom.tutor_id):
        roster = read_roster(data, chosen)
    mark_members(classroom, roster.rows)
    return roster


def _column_number(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) < 5
    return int(text) if is_number else None


def _mapping(roster: Roster) -> list[tuple[Field, str, int | None]]:
    """Each field with its label and column. Names are either in one column or in several."""
    labels = {
        Field.LAST_NAME: _("Last name"),
        Field.FIRST_NAME: _("First name"),
        Field.MIDDLE_NAME: _("Patronymic"),
        Field.FIRST_LAST: _("First name, then last name"),
        Field.LAST_FIRST: _("Last name, then first name"),
        Field.PHONE: _("Phone"),
        Field.GUARDIAN_NAME: _("Parent’s name"),
        Field.GUARDIAN_PHONE: _("Parent’s phone"),
        Field.LEVEL: _("Level"),
        Field.NOTE: _("Private note"),
    }
    return [(name, label, roster.fields.get(name)) for name, label in labels.items()]


def _add_result_messages(request: HttpRequest, result: ImportResult) -> None:
    if result.added:
        sentence = ngettext(
            "%(n)s student is added. Lessons can be scheduled at once.",
            "%(n)s students are added. Lessons can be scheduled at once.",
            result.added,
        )
        messages.success(request, sentence % {"n": result.added})
    if result.invited or not result.added:
        sentence = ngettext(
            "%(n)s student was invited.", "%(n)s students were invited.", result.invited
        )
        messages.success(request, sentence % {"n": result.invited})
    if result.unmailed:
        sentence = ngettext(
            "%(n)s student was not mailed: you have reached today’s limit. Send the invitation "
            "from the student’s card tomorrow.",
            "%(n)s students were not mailed: you have reached today’s limit. Send the invitations "
            "from the students’ cards tomorrow.",
            result.unmailed,
        )
        messages.warning(request, sentence % {"n": result.unmailed})
    if result.skipped:
        sentence = ngettext(
            "%(n)s student is not invited yet: you have reached today’s limit. Import the file "
            "again tomorrow; whoever is already invited is skipped.",
            "%(n)s students are not invited yet: you have reached today’s limit. Import the file "
            "again tomorrow; whoever is already invited is skipped.",
            result.skipped,
        )
        messages.warning(request, sentence % {"n": result.skipped})
    _add_failure_messages(request, result.failures)


def _add_failure_messages(request: HttpRequest, failures: list[str]) -> None:
    """The session keeps messages, so only a few are added."""
    for sentence in failures[:MAX_SHOWN_FAILURES]:
        messages.error(request, sentence)
    more = len(failures) - MAX_SHOWN_FAILURES
    if more > 0:
        sentence = ngettext(
            "%(n)s more student could not be imported for such a reason.",
            "%(n)s more students could not be imported for such reasons.",
            more,
        )
        messages.error(request, sentence % {"n": more})
