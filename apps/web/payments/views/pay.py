"""The page for whoever pays: amount, bank details and a QR code; the link is all that it takes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.billing.models import PaymentRequest
from apps.billing.payments.cards.payments import (
    find_pending,
    get_card_provider,
    start_card_payment,
)
from apps.billing.payments.qr import has_qr, nbu_link, qr_svg
from apps.billing.payments.requests import find_request, transfer_of
from apps.common.errors import DomainError, not_found
from apps.common.rate_limits import check_rate_limit


@require_safe
def pay(request: HttpRequest, token: str) -> HttpResponse:
    check_rate_limit(request, "pay")
    found = find_request(token)
    transfer = transfer_of(found)
    context = {
        "request_": found,
        "transfer": transfer,
        "has_qr": has_qr(transfer),
        "card_provider": get_card_provider(transfer.currency),
        "card_payment": find_pending(found),
        "bank_link": nbu_link(transfer) if transfer.currency == "UAH" else "",
    }
    return _private(render(request, "payments/pay.html", context))


@require_POST
def card(request: HttpRequest, token: str) -> HttpResponse:
    """The answer cannot redirect to the provider: the policy for forms refuses other hosts."""
    check_rate_limit(request, "pay-card")
    try:
        start_card_payment(request=find_request(token), now=timezone.now())
    except DomainError as exc:
        if exc.code == "not_found":
            raise
        messages.error(request, exc.detail)
    return _private(redirect("web:pay", token))


@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    check_rate_limit(request, "pay")
    found = find_request(token)
    transfer = transfer_of(found)
    if not has_qr(transfer) or found.status != PaymentRequest.Status.OPEN:
        raise not_found()
    return _private(HttpResponse(qr_svg(transfer), content_type="image/svg+xml"))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
