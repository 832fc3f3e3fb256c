"""Requests for payment: the tutor makes and settles them, a student sees their own."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.billing.accounts import get_account
from apps.billing.balances import get_balances
from apps.billing.limits import REQUESTS, count_use
from apps.billing.models import Account, Payer, PaymentRequest
from apps.billing.payments.bank.lines import list_new_lines
from apps.billing.payments.mails import mail_request, may_mail
from apps.billing.payments.payees import list_payees
from apps.billing.payments.payers import find_payer, list_student_accounts
from apps.billing.payments.requests import (
    MAX_ITEMS,
    access_request,
    create_request,
    list_requests,
    list_requests_of_student,
    mark_paid,
    payment_url,
    settle,
    total_of,
)
from apps.common.errors import DomainError
from apps.web.payments.forms import RequestForm
from apps.web.shared.access import current_tutor, current_user
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.paging import parse_listing


@login_required
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    me = current_user(request)
    listing = parse_listing(request)
    rows = list_requests(me) if me.is_tutor else list_requests_of_student(me)
    context: dict[str, Any] = {
        "listing": listing.with_total(rows.count()),
        "requests": rows[listing.page.offset : listing.page.stop],
    }
    if not me.is_tutor:
        return render(request, "payments/my_payments.html", context)
    context |= {"payees": list_payees(me), "waiting": list_new_lines(me).count()}
    return render(request, "payments/payments.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """First whose lessons are to be paid, then the amounts."""
    me = current_tutor(request)
    payees = list_payees(me)
    if not payees:
        messages.info(request, _("Enter your bank details first."))
        return redirect("web:payee-details")
    accounts, payer = _chosen_accounts(me, request.GET.get("student", ""))
    if not accounts:
        known = {"accounts": list_student_accounts(me)}
        return render(request, "payments/choose_student.html", known)
    currencies = list(payees)
    debts = {account.student_id or 0: _debt(account, currencies[0]) for account in accounts}
    form = RequestForm(request.POST or None, accounts=accounts, currencies=currencies, debts=debts)
    if request.method == "POST" and form.is_valid():
        made = _create(me, form, payer)
        if made is not None:
            return redirect("web:payment-request", made.pk)
    context = {"form": form, "payer": payer, "accounts": accounts}
    status = 400 if form.errors else 200
    return render(request, "payments/request_form.html", context, status=status)


def _chosen_accounts(me: User, student_id: str) -> tuple[list[Account], Payer | None]:
    """The student's account and those of the others whom the same payer pays for."""
    known = list_student_accounts(me)
    chosen = next((each for each in known if str(each.student_id) == student_id), None)
    if chosen is None:
        return [], None
    payer = find_payer(chosen)
    if payer is None:
        return [chosen], None
    paid = set(payer.accounts.values_list("account_id", flat=True))
    others = [each for each in known if each.pk in paid and each.pk != chosen.pk]
    return [chosen, *others][:MAX_ITEMS], payer


def _debt(account: Account, currency: str) -> Decimal | None:
    balance = get_balances(account).get(currency, Decimal(0))
    return -balance if balance < 0 else None


def _create(me: User, form: RequestForm, payer: Payer | None) -> PaymentRequest | None:
    amounts = {_stored(me, each): amount for each, amount in form.amounts()}
    month = formats.date_format(me.to_local_time(timezone.now()), "F Y")
    sent = {str(account.pk): f"{amount:.2f}" for account, amount in amounts.items()}
    sent["currency"] = form.cleaned_data["currency"]
    try:
        count_use(me, "requests", REQUESTS, timezone.now())
        return create_request(
            tutor=me,
            currency=form.cleaned_data["currency"],
            amounts=amounts,
            month=month,
            payer=payer,
            idempotency=form.idempotency(sent),
        )
    except DomainError as exc:
        add_domain_error(form, exc)
        return None


def _stored(me: User, account: Account) -> Account:
    return get_account(me, account.student) if account.pk is None and account.student else account


@login_required
@require_safe
def request_page(request: HttpRequest, request_id: int) -> HttpResponse:
    me = current_tutor(request)
    found = access_request(me, request_id)
    context = {
        "request_": found,
        "total": total_of(found),
        "url": payment_url(found),
        "may_mail": may_mail(found),
    }
    return render(request, "payments/request.html", context)


@login_required
@require_POST
def settle_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """Enter a payment that was seen elsewhere, or withdraw the request."""
    me = current_tutor(request)
    found = access_request(me, request_id)
    try:
        if request.POST.get("action") == "paid":
            mark_paid(request=found, tutor=me, now=timezone.now())
            messages.success(request, _("The payment is entered."))
        else:
            settle(found, PaymentRequest.Status.CANCELLED, timezone.now())
            messages.success(request, _("The request is withdrawn."))
    except DomainError as exc:
        messages.error(request, exc.detail)
    return redirect(reverse("web:payment-request", args=[found.pk]))


@login_required
@require_POST
def mail(request: HttpRequest, request_id: int) -> HttpResponse:
    me = current_tutor(request)
    found = access_request(me, request_id)
    try:
        mail_request(request=found, tutor=me, now=timezone.now())
        messages.success(request, _("The request is on its way."))
    except DomainError as exc:
        messages.error(request, exc.detail)
    return redirect("web:payment-request", found.pk)
