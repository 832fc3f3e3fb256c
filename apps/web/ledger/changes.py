"""What a tutor enters in a student's account."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse as url_for
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.billing.access import access_entry, access_own_account, access_pack
from apps.billing.accounts import get_account, set_rate, update_account
from apps.billing.balances import get_balances
from apps.billing.ledger import append_entry, reverse_entry
from apps.billing.limits import ENTRIES, count_use
from apps.billing.models import Account, AccountEntry, Rate
from apps.billing.packs import freeze_pack, thaw_pack
from apps.billing.prices import get_rate
from apps.billing.statements.formats import format_amount
from apps.common.errors import DomainError
from apps.web.ledger.forms import ADDED, EntryForm, PackForm, RateForm, ReverseForm
from apps.web.shared.access import current_tutor
from apps.web.shared.confirmations import Confirmation, render_confirmation
from apps.web.shared.form_errors import add_domain_error


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_entry(request: HttpRequest, student_id: int, kind: str) -> HttpResponse:
    me = current_tutor(request)
    account = access_own_account(me, student_id)
    if kind not in ADDED:
        raise Http404
    form: Any = _make_form(request, account, kind)
    if request.method == "POST" and form.is_valid():
        stored = get_account(me, account.get_student())
        update_account(stored, timezone.now())
        entry = {"kind": kind, **form.get_entry()}
        once = form.idempotency(entry)
        try:
            count_use(me, "entries", ENTRIES, timezone.now())
            append_entry(account=stored, created_by=me, idempotency=once, **entry)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("Entered."))
            return redirect("web:student-account", student_id)
    return _render(request, account, form, _title(kind))


def _make_form(request: HttpRequest, account: Account, kind: str) -> EntryForm | PackForm:
    sent = request.POST or None
    if kind == AccountEntry.Kind.PACK:
        return PackForm(sent)
    return EntryForm(sent, kind=kind, units=_units(account))


def _units(account: Account) -> list[str]:
    rate = get_rate(account) if account.pk is not None else None
    return [*([rate.currency] if rate else []), *get_balances(account)]


def _title(kind: str) -> str:
    return {
        AccountEntry.Kind.PAYMENT.value: _("New payment"),
        AccountEntry.Kind.PACK.value: _("New pack of lessons"),
        AccountEntry.Kind.REFUND.value: _("New refund"),
        AccountEntry.Kind.ADJUSTMENT.value: _("New adjustment"),
    }[kind]


def _render(request: HttpRequest, account: Account, form: Any, title: str) -> HttpResponse:
    context = {"student": account.get_student(), "form": form, "title": title}
    status = 400 if form.errors else 200
    return render(request, "ledger/form.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, student_id: int) -> HttpResponse:
    """What the student's lessons cost from now on."""
    me, now = current_tutor(request), timezone.now()
    account = access_own_account(me, student_id)
    known = get_rate(account) if account.pk is not None else None
    form = RateForm(request.POST or None, units=_units(account), initial=_rate_initial(known))
    if request.method == "POST" and form.is_valid():
        set_rate(account=get_account(me, account.get_student()), now=now, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("web:student-account", student_id)
    return _render(request, account, form, _("Rate"))


def _rate_initial(known: Rate | None) -> dict[str, Any]:
    if known is None:
        return {"per": Rate.Per.LESSON.value}
    return {"amount": known.amount, "currency": known.currency, "per": known.per}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def reverse(request: HttpRequest, entry_id: int) -> HttpResponse:
    me = current_tutor(request)
    entry = access_entry(me, entry_id)
    owner = entry.account.merged_into or entry.account
    form = ReverseForm(request.POST) if request.method == "POST" else None
    if form is None or not form.is_valid():
        return render_confirmation(request, _confirm_reversal(entry, owner, form))
    try:
        reverse_entry(entry=entry, created_by=me, note=form.cleaned_data["note"])
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, _("Reversed."))
    return redirect("web:student-account", owner.student_id)


def _confirm_reversal(entry: AccountEntry, owner: Account, form: Any) -> Confirmation:
    amount = format_amount(entry.amount, entry.unit)
    return Confirmation(
        "reverse-entry",
        url_for("web:account-entry-reverse", args=[entry.pk]),
        url_for("web:student-account", args=[owner.student_id]),
        _("Reverse this entry?"),
        _("%(kind)s, %(amount)s: an entry of the opposite amount is added. Both stay in the "
          "account. A charge that is reversed is not made again.")
        % {"kind": entry.get_kind_display().capitalize(), "amount": amount},
        _("Reverse entry"),
        _("Keep entry"),
        form or ReverseForm(),
    )  # fmt: skip


@login_required
@require_POST
def freeze(request: HttpRequest, pack_id: int) -> HttpResponse:
    """Freeze the pack, or take that back."""
    pack, now = access_pack(current_tutor(request), pack_id), timezone.now()
    try:
        if request.POST.get("frozen") == "1":
            freeze_pack(pack=pack, now=now)
            messages.success(request, _("The pack is frozen: it is not used and does not expire."))
        else:
            thaw_pack(pack=pack, now=now)
            messages.success(request, _("The pack is used again."))
    except DomainError as exc:
        texts = [text for found in (exc.fields or {}).values() for text in found]
        messages.error(request, " ".join(texts) or exc.detail)
    return redirect("web:student-account", pack.account.student_id)
