"""Imports a bank statement, and matches its payments with requests and students."""

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
from apps.billing.accounts import get_account
from apps.billing.limits import BANK_LINES, count_use
from apps.billing.models import BankLine
from apps.billing.payments.bank import lines as bank_lines
from apps.billing.payments.bank.columns import Field
from apps.billing.payments.bank.matching import Matcher, Reason, Suggestion
from apps.billing.payments.bank.reader import (
    CURRENCIES,
    BankFile,
    BankFileError,
    Choices,
    read_bank_file,
)
from apps.billing.payments.requests import access_request
from apps.classrooms.roster.charsets import CHARSETS
from apps.common.errors import DomainError, invalid
from apps.common.request_body import continue_response, is_body_pending
from apps.common.turns import turn
from apps.lessons.students import access_student_card
from apps.web.payments.forms import BankFileForm
from apps.web.shared.access import current_tutor
from apps.web.shared.paging import parse_listing

MAX_SHOWN = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    if is_body_pending(request):
        return continue_response()
    form = BankFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            with turn(me.pk):
                read_bank_file(form.cleaned_data["file"])
        except BankFileError as exc:
            form.add_error("file", str(exc))
        else:
            bank_lines.store_file(me, form.cleaned_data["file"], timezone.now())
            return redirect("web:bank-preview")
    context = {"form": form, "waiting": bank_lines.list_new_lines(me).count()}
    return render(request, "payments/bank.html", context, status=400 if form.errors else 200)


@login_required
@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """Has its own URL, so that a reload does not upload again; the choices are in it."""
    me = current_tutor(request)
    data = bank_lines.load_file(me)
    if data is None:
        return redirect("web:bank")
    context: dict[str, Any] = {"charsets": CHARSETS, "currencies": CURRENCIES}
    try:
        file = _read(me, data, request.GET)
    except BankFileError as exc:
        context |= {"error": str(exc), "file": {"charset": request.GET.get("charset", "")}}
        return render(request, "payments/bank_preview.html", context, status=400)
    incoming = file.incoming
    context |= {
        "file": file,
        "shown": incoming[:MAX_SHOWN],
        "count": len(incoming),
        "more": max(0, len(incoming) - MAX_SHOWN),
        "left_out": len(file.rows) - len(incoming),
        "mapping": [(name, label, file.fields.get(name)) for name, label in _labels().items()],
    }
    return render(request, "payments/bank_preview.html", context)


@login_required
@require_POST
def confirm_import(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    data = bank_lines.load_file(me)
    if data is None:
        messages.error(request, _("This preview has expired. Choose the file again."))
        return redirect("web:bank")
    try:
        rows = _read(me, data, request.POST).incoming
    except BankFileError as exc:
        messages.error(request, str(exc))
        return redirect("web:bank-preview")
    count_use(me, "bank-lines", BANK_LINES, timezone.now(), len(rows))
    added = bank_lines.import_rows(me, rows)
    bank_lines.delete_file(me)
    sentence = ngettext(
        "%(n)s new payment. Payments that were imported before are left out.",
        "%(n)s new payments. Payments that were imported before are left out.",
        added,
    )
    messages.success(request, sentence % {"n": added})
    return redirect("web:bank-lines")


@login_required
@require_safe
def lines(request: HttpRequest) -> HttpResponse:
    """New payments with suggestions, or those already entered."""
    me = current_tutor(request)
    shows_entered = request.GET.get("show") == "entered"
    listing = parse_listing(request, "show")
    find = bank_lines.list_confirmed_lines if shows_entered else bank_lines.list_new_lines
    rows = find(me)
    page = list(rows[listing.page.offset : listing.page.stop])
    context: dict[str, Any] = {"listing": listing.with_total(rows.count())}
    if shows_entered:
        context["lines"] = page
        return render(request, "payments/bank_entered.html", context)
    matcher = Matcher(me)
    context |= {
        "rows": [(each, *_describe(matcher.suggest(each))) for each in page],
        "requests": [(f"request-{each.pk}", each) for each in matcher.requests],
        "accounts": [(f"student-{each.student_id}", each) for each in matcher.accounts],
    }
    return render(request, "payments/bank_lines.html", context)


def _describe(suggestion: Suggestion | None) -> tuple[str, str]:
    """The suggested option's value, and why it is suggested."""
    if suggestion is None:
        return "", ""
    labels = {
        Reason.REFERENCE: _("number of the request"),
        Reason.IBAN: _("account of an earlier payment"),
        Reason.PAYER_NAME: _("payer’s name"),
        Reason.STUDENT_NAME: _("student’s name"),
        Reason.AMOUNT: _("amount"),
    }
    why = ", ".join(labels[reason] for reason in suggestion.reasons)
    if suggestion.request is not None:
        return f"request-{suggestion.request.pk}", why
    account = suggestion.account
    return (f"student-{account.student_id}" if account else ""), why


@login_required
@require_POST
def line(request: HttpRequest, line_id: int) -> HttpResponse:
    me = current_tutor(request)
    found = bank_lines.access_line(me, line_id)
    action = request.POST.get("action", "")
    try:
        if action == "ignore":
            bank_lines.ignore(found)
            messages.success(request, _("Ignored. It will not be imported again."))
        elif action == "undo":
            bank_lines.undo_confirmation(line=found, tutor=me)
            messages.success(request, _("The payment is reversed and waits to be matched again."))
        else:
            _confirm(me, found, request.POST.get("target", ""))
            messages.success(request, _("The payment is entered."))
    except DomainError as exc:
        fields = [text for texts in (exc.fields or {}).values() for text in texts]
        messages.error(request, " ".join(fields) or exc.detail)
    return redirect("web:bank-lines")


def _confirm(me: User, found: BankLine, target: str) -> None:
    """`target` is `request-<id>` or `student-<id>`. Raises DomainError."""
    kind, _dash, key = target.partition("-")
    if not (key.isascii() and key.isdecimal() and len(key) < 20):
        raise invalid(target=_("Choose whose payment it is."))
    if kind == "request":
        wanted = access_request(me, int(key))
        now = timezone.now()
        bank_lines.confirm_for_request(line=found, request=wanted, tutor=me, now=now)
    else:
        account = get_account(me, access_student_card(me, int(key)))
        bank_lines.confirm_for_student(line=found, account=account, tutor=me)


def _read(me: User, data: bytes, sent: QueryDict) -> BankFile:
    fields = {
        name: -1 if text == "" else int(text)
        for name in Field
        if (text := sent.get(name)) is not None
        and (text == "" or (text.isascii() and text.isdecimal() and len(text) < 5))
    }
    chosen = Choices(sent.get("charset", ""), sent.get("currency", ""), fields)
    with turn(me.pk):
        return read_bank_file(data, chosen)


def _labels() -> dict[Field, str]:
    return {
        Field.DATE: _("Date"),
        Field.AMOUNT: _("Amount, negative for outgoing"),
        Field.CREDIT: _("Incoming amount, where it has a column of its own"),
        Field.CURRENCY: _("Currency"),
        Field.PURPOSE: _("Purpose of the payment"),
        Field.PAYER_NAME: _("Payer’s name"),
        Field.PAYER_IBAN: _("Payer’s account (IBAN)"),
        Field.NUMBER: _("Number of the document"),
    }
