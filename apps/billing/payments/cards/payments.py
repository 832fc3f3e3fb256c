"""Card payments of payment requests: starting one, and finding out what became of it.

The worker asks the provider, which also works behind a router; a callback would need a public
address, and the provider has to be asked anyway whether it is true.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.billing.errors import request_settled
from apps.billing.models import CardPayment, PaymentRequest
from apps.billing.payments.cards.monobank import Monobank
from apps.billing.payments.cards.provider import (
    CardProvider,
    CardProviderError,
    Order,
    State,
)
from apps.billing.payments.requests import enter_items, payment_url, settle, total_of
from apps.common.errors import DomainError, not_found

JOB_NAME = "card payments"
INTERVAL = timedelta(seconds=5)
MAX_CHECKS = 20  # of one run of the job
# The provider is asked again after a tenth of the invoice's age, within these limits.
SOONEST, LATEST = timedelta(seconds=5), timedelta(minutes=30)
log = logging.getLogger("kreida.payments")
Status = CardPayment.Status


def get_card_provider(currency: str) -> CardProvider | None:
    """None if none is configured that takes the currency."""
    if not settings.MONOBANK_TOKEN:
        return None
    provider: CardProvider = Monobank(settings.MONOBANK_API_URL, settings.MONOBANK_TOKEN)
    return provider if currency in provider.currencies else None


def find_pending(request: PaymentRequest) -> CardPayment | None:
    return CardPayment.objects.filter(request=request, status=Status.PENDING).first()


def start_card_payment(*, request: PaymentRequest, now: datetime) -> CardPayment:
    """Make an invoice, or return the one that waits for its payer. Raises `not_found` where cards
    are not taken, `request_settled`, or `service_unavailable` if the provider does not answer."""
    provider = get_card_provider(request.currency)
    if provider is None:
        raise not_found()
    pending = find_pending(request)
    if pending is not None:
        check_card_payment(pending, now)  # it may have expired
        if pending.status == Status.PENDING:
            return pending
        request.refresh_from_db()
    if request.status != PaymentRequest.Status.OPEN:
        raise request_settled()
    return _create(provider, request, now)


def _create(provider: CardProvider, request: PaymentRequest, now: datetime) -> CardPayment:
    order = Order(
        amount=total_of(request),
        currency=request.currency,
        reference=request.reference,
        purpose=request.purpose,
        return_url=payment_url(request),
    )
    try:
        invoice = provider.create_invoice(order)
    except CardProviderError as exc:
        log.warning("no card payment could be started", extra={"data": {"reason": str(exc)}})
        raise _unavailable() from exc
    try:
        with transaction.atomic():
            return CardPayment.objects.create(
                request=request,
                invoice_id=invoice.id,
                page_url=invoice.page_url,
                created_at=now,
                check_at=now + SOONEST,
            )
    except IntegrityError:  # somebody else has pressed the button; nobody learns of our invoice
        return CardPayment.objects.get(request=request, status=Status.PENDING)


def _unavailable() -> DomainError:
    detail = _("The card service does not answer. Try again in a minute, or pay by bank transfer.")
    return DomainError("service_unavailable", 503, detail, retry_after=60)


def check_pending(now: datetime) -> None:
    """The periodic job."""
    due = CardPayment.objects.filter(status=Status.PENDING, check_at__lte=now)
    for payment in due.select_related("request__tutor").order_by("check_at")[:MAX_CHECKS]:
        check_card_payment(payment, now)


def check_card_payment(payment: CardPayment, now: datetime) -> None:
    """Ask the provider, and enter the payment if it was made."""
    provider = get_card_provider(payment.request.currency)
    try:
        state = provider.get_state(payment.invoice_id) if provider else State.PENDING
    except CardProviderError as exc:
        data = {"invoice": payment.invoice_id, "reason": str(exc)}
        log.warning("a card payment could not be checked", extra={"data": data})
        state = State.PENDING
    if state is State.PENDING:
        wait = min(max((now - payment.created_at) / 10, SOONEST), LATEST)
        CardPayment.objects.filter(pk=payment.pk, status=Status.PENDING).update(check_at=now + wait)
    else:
        _finish(payment, Status.PAID if state is State.PAID else Status.FAILED, now)
    payment.refresh_from_db()


@transaction.atomic
def _finish(payment: CardPayment, status: str, now: datetime) -> None:
    """Enter a payment once. What was paid for a request that is settled already is entered, too:
    the money has arrived."""
    pending = CardPayment.objects.filter(pk=payment.pk, status=Status.PENDING)
    if not pending.update(status=status, check_at=None) or status != Status.PAID:
        return
    request = payment.request
    try:
        settle(request, PaymentRequest.Status.PAID, now)
    except DomainError:
        log.warning("a settled request was paid by card", extra={"data": {"request": request.pk}})
    enter_items(request, None, note=f"{request.reference}, {payment.invoice_id}")
