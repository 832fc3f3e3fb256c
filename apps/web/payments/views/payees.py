"""The tutor's bank details, by currency."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.billing.payments.payees import CURRENCIES, list_payees, save_payee
from apps.web.payments.forms import PayeeForm
from apps.web.shared.access import current_tutor


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    sent = request.POST.get("currency", CURRENCIES[0]) if request.method == "POST" else ""
    known = list_payees(me)
    forms = {
        currency: PayeeForm(
            request.POST if currency == sent else None,
            currency=currency,
            payee=known.get(currency),
        )
        for currency in CURRENCIES
    }
    form = forms.get(sent)
    if form is not None and form.is_valid():
        save_payee(tutor=me, currency=sent, **form.changes())
        messages.success(request, _("Saved."))
        return redirect("web:payee-details")
    status = 200 if form is None else 409 if form.is_stale else 400 if form.errors else 200
    context = {"forms": forms, "known": known}
    return render(request, "payments/details.html", context, status=status)
