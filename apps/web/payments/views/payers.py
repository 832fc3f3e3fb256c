"""Payers, which only the tutor sees."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.billing.accounts import get_account
from apps.billing.models import Payer
from apps.billing.payments.payers import (
    access_payer,
    list_payers,
    list_student_accounts,
    save_payer,
)
from apps.common.errors import DomainError
from apps.web.payments.forms import PayerForm
from apps.web.shared.access import current_tutor
from apps.web.shared.confirmations import Confirmation, render_confirmation
from apps.web.shared.form_errors import add_domain_error


@login_required
@require_safe
def payers(request: HttpRequest) -> HttpResponse:
    context = {"payers": list_payers(current_tutor(request))}
    return render(request, "payments/payers.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, current_tutor(request), None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, payer_id: int) -> HttpResponse:
    me = current_tutor(request)
    return _edit(request, me, access_payer(me, payer_id))


def _edit(request: HttpRequest, me: User, payer: Payer | None) -> HttpResponse:
    initial: dict[str, object] = {"students": [request.GET.get("student", "")]}
    if payer is not None:
        students = [str(each.account.student_id) for each in payer.accounts.all()]
        initial = {"name": payer.name, "email": payer.email, "students": students}
    accounts = list_student_accounts(me)
    form = PayerForm(request.POST or None, accounts=accounts, payer=payer, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = [form.by_student[key] for key in form.value("students") if key in form.by_student]
        stored = [get_account(me, each.student) for each in chosen if each.student]
        values = {name: form.value(name) for name in ("name", "email")}
        try:
            save_payer(tutor=me, accounts=stored, payer=payer, **values)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("Saved."))
            return redirect("web:payers")
    context = {"form": form, "payer": payer, "deletion": _confirm_deletion(payer)}
    status = 409 if form.is_stale else 400 if form.errors else 200
    return render(request, "payments/payer.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, payer_id: int) -> HttpResponse:
    payer = access_payer(current_tutor(request), payer_id)
    confirmation = _confirm_deletion(payer)
    if request.method != "POST" and confirmation is not None:
        return render_confirmation(request, confirmation)
    payer.delete()
    messages.success(request, _("The payer is deleted."))
    return redirect("web:payers")


def _confirm_deletion(payer: Payer | None) -> Confirmation | None:
    if payer is None:
        return None
    return Confirmation(
        "payer-delete",
        reverse("web:payer-delete", args=[payer.pk]),
        reverse("web:payer", args=[payer.pk]),
        _("Delete this payer?"),
        _("Payments and requests stay; they only lose the payer’s name and e-mail."),
        _("Delete payer"),
        _("Keep payer"),
    )
