"""Statements of a month, for the tutor and the student, and the tutor's overview."""

from datetime import date, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.billing.accounts import update_account
from apps.billing.models import Account
from apps.billing.statements.closing import close_month, list_closed
from apps.billing.statements.csv_file import statement_csv
from apps.billing.statements.overview import list_overview
from apps.billing.statements.pdf import statement_pdf
from apps.billing.statements.statement import (
    Statement,
    access_account,
    build_statement,
    parse_month,
)
from apps.common.errors import DomainError
from apps.common.turns import turn
from apps.web.shared.access import current_tutor, current_user
from apps.web.shared.confirmations import Confirmation, render_confirmation

CLOSABLE_MONTHS = 3  # that are offered


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Who owes and whose pack ends; a student's own accounts."""
    me = current_user(request)
    if not me.is_tutor:
        accounts = Account.objects.filter(student=me, merged_into=None).select_related("tutor")
        return render(request, "statements/my_accounts.html", {"accounts": accounts})
    closed = {each.month for each in list_closed(me)[:24]}
    months = [month for month in _past_months(me) if month not in closed]
    context = {
        "rows": list_overview(me),
        "closable": [(month, f"{month:%Y-%m}") for month in months],
        "closed": sorted(closed, reverse=True)[:CLOSABLE_MONTHS],
    }
    return render(request, "statements/overview.html", context)


def _past_months(me: User) -> list[date]:
    months = [me.to_local_time(timezone.now()).date().replace(day=1)]
    for _number in range(CLOSABLE_MONTHS):
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[1:]


@login_required
@require_safe
def current(request: HttpRequest, account_id: int) -> HttpResponse:
    account = access_account(current_user(request), account_id)
    today = account.tutor.to_local_time(timezone.now())
    return redirect("web:statement", account.pk, f"{today:%Y-%m}")


@login_required
@require_safe
def statement(request: HttpRequest, account_id: int, month: str) -> HttpResponse:
    found = _load(current_user(request), account_id, month)
    first, today = found.month, found.account.tutor.to_local_time(timezone.now()).date()
    following = (first + timedelta(days=31)).replace(day=1)
    context = {
        "statement": found,
        "previous": f"{first - timedelta(days=1):%Y-%m}",
        "next": f"{following:%Y-%m}" if following <= today else "",
    }
    return render(request, "statements/statement.html", context)


@login_required
@require_safe
def csv_file(request: HttpRequest, account_id: int, month: str) -> HttpResponse:
    found = _load(current_user(request), account_id, month)
    return _download(statement_csv(found).encode(), "text/csv; charset=utf-8", found, "csv")


@login_required
@require_safe
def pdf_file(request: HttpRequest, account_id: int, month: str) -> HttpResponse:
    me = current_user(request)
    found = _load(me, account_id, month)
    with turn(me.pk):
        content = statement_pdf(found)
    return _download(content, "application/pdf", found, "pdf")


def _load(me: User, account_id: int, month: str) -> Statement:
    first = parse_month(month)
    account = access_account(me, account_id)
    update_account(account, timezone.now())
    return build_statement(account, first)


def _download(content: bytes, content_type: str, found: Statement, extension: str) -> HttpResponse:
    name = f"statement-{found.account.pk}-{found.key}.{extension}"
    disposition = f'attachment; filename="{name}"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    month = parse_month(request.GET.get("month", ""))
    if request.method != "POST":
        return render_confirmation(request, _confirm_closing(month))
    try:
        close_month(tutor=me, month=month, now=timezone.now())
    except DomainError as exc:
        texts = [text for found in (exc.fields or {}).values() for text in found]
        messages.error(request, " ".join(texts) or exc.detail)
    else:
        messages.success(request, _("The month is closed."))
    return redirect("web:statements")


def _confirm_closing(month: date) -> Confirmation:
    name = formats.date_format(month, "F Y")
    return Confirmation(
        "close-month",
        f"{reverse('web:statements-close')}?month={month:%Y-%m}",
        reverse("web:statements"),
        _("Close %(month)s?") % {"month": name},
        _("Its statements stay as they are for good. Later corrections become entries of the month "
          "in which you make them."),
        _("Close month"),
        _("Keep open"),
    )  # fmt: skip
