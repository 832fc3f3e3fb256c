"""Requests for payment: making, settling and withdrawing them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.errors import request_settled
from apps.billing.ledger import append_entry
from apps.billing.models import (
    Account,
    AccountEntry,
    PayeeDetails,
    Payer,
    PaymentRequest,
    PaymentRequestItem,
)
from apps.billing.models.amount import MAX_AMOUNT
from apps.billing.payments.payees import render_purpose
from apps.billing.payments.qr import Transfer
from apps.common.errors import invalid, not_found
from apps.common.idempotency import Idempotency
from apps.common.parsing import MAX_ID

MAX_ITEMS = 10
Status = PaymentRequest.Status


def list_requests(tutor: User) -> QuerySet[PaymentRequest]:
    """The newest first, with `total` and their students."""
    requests = PaymentRequest.objects.filter(tutor=tutor).annotate(total=Sum("items__amount"))
    return requests.select_related("payer").prefetch_related(
        "items__account__student", "items__account__merged_into__student"
    )


def list_requests_of_student(student: User) -> QuerySet[PaymentRequest]:
    """Those that ask for this student alone; one for siblings is the payer's."""
    is_own = Q(account__student=student) | Q(account__merged_into__student=student)
    items = PaymentRequestItem.objects.filter(request=OuterRef("pk"))
    requests = PaymentRequest.objects.filter(
        Exists(items.filter(is_own)), ~Exists(items.exclude(is_own))
    ).exclude(status=Status.CANCELLED)
    requests = requests.annotate(total=Sum("items__amount")).select_related("tutor")
    return requests.order_by("-created_at", "-pk")


def payment_url(request: PaymentRequest) -> str:
    """For whoever is to pay; no sign-in is needed."""
    return settings.PUBLIC_URL + reverse("web:pay", args=[request.token])


def access_request(tutor: User, request_id: int) -> PaymentRequest:
    """Raises `not_found`."""
    found = list_requests(tutor).filter(pk=min(request_id, MAX_ID)).first()
    if found is None:
        raise not_found()
    return found


def find_request(token: str) -> PaymentRequest:
    """For whoever has the link. Raises `not_found`."""
    found = (
        PaymentRequest.objects.filter(token=token[:40]).annotate(total=Sum("items__amount")).first()
    )
    if found is None:
        raise not_found()
    return found


@transaction.atomic
def create_request(
    *,
    tutor: User,
    currency: str,
    amounts: Mapping[Account, Decimal],
    month: str,
    payer: Payer | None = None,
    idempotency: Idempotency | None = None,
) -> PaymentRequest:
    """Ask for the amounts of one or several students, or return the request that was made with the
    same key. Raises `validation_error`."""
    _check(tutor, amounts)
    payees = PayeeDetails.objects.select_for_update(no_key=True).filter(tutor=tutor).order_by("pk")
    payee = next((each for each in payees if each.currency == currency), None)  # locks all
    if payee is None:
        raise invalid(currency=_("Enter your bank details first."))
    if (earlier := _find_earlier(tutor, idempotency)) is not None:
        return earlier
    last = PaymentRequest.objects.filter(tutor=tutor).aggregate(last=Max("number"))["last"]
    request = PaymentRequest(
        tutor=tutor,
        number=(last or 0) + 1,
        payer=payer,
        currency=currency,
        payee_name=payee.name,
        iban=payee.iban,
        tax_id=payee.tax_id,
        **(idempotency.columns if idempotency else {}),
    )
    names = [account.student.get_full_name() for account in amounts if account.student]
    request.purpose = render_purpose(
        payee.purpose, students=names, month=month, reference=request.reference
    )
    request.save()
    PaymentRequestItem.objects.bulk_create(
        PaymentRequestItem(request=request, account=account, amount=amount)
        for account, amount in amounts.items()
    )
    return request


def _find_earlier(tutor: User, idempotency: Idempotency | None) -> PaymentRequest | None:
    if idempotency is None:
        return None
    requests = PaymentRequest.objects.filter(tutor=tutor, idempotency_key=idempotency.key)
    found = requests.first()
    if found is not None:
        idempotency.check(found.idempotency_digest)
    return found


def _check(tutor: User, amounts: Mapping[Account, Decimal]) -> None:
    if not amounts:
        raise invalid(amount=_("Enter an amount for at least one student."))
    if len(amounts) > MAX_ITEMS:
        raise invalid(amount=_("At most %(n)s students in one request.") % {"n": MAX_ITEMS})
    if any(amount <= 0 for amount in amounts.values()):
        raise invalid(amount=_("Must be more than zero."))
    if sum(amounts.values()) > MAX_AMOUNT:
        raise invalid(amount=_("This amount is too large."))
    if any(account.tutor_id != tutor.pk for account in amounts):
        raise not_found()


def transfer_of(request: PaymentRequest) -> Transfer:
    """What the payer's bank needs; `request` has its `total`."""
    return Transfer(
        name=request.payee_name,
        iban=request.iban,
        tax_id=request.tax_id,
        currency=request.currency,
        amount=total_of(request),
        purpose=request.purpose,
    )


def total_of(request: PaymentRequest) -> Decimal:
    return sum((item.amount for item in request.items.all()), Decimal(0))


def settle(request: PaymentRequest, status: str, now: datetime) -> None:
    """Raises `request_settled` if it is paid or withdrawn already."""
    rows = PaymentRequest.objects.filter(pk=request.pk, status=Status.OPEN)
    if rows.update(status=status, settled_at=now) != 1:
        raise request_settled()


def reopen(requests: Iterable[int]) -> None:
    """After a payment was entered by mistake."""
    PaymentRequest.objects.filter(pk__in=requests, status=Status.PAID).update(
        status=Status.OPEN, settled_at=None
    )


@transaction.atomic
def mark_paid(*, request: PaymentRequest, tutor: User, now: datetime) -> list[AccountEntry]:
    """Enter the payments of a request that was paid in cash or seen in the bank."""
    settle(request, Status.PAID, now)
    return enter_items(request, tutor)


def enter_items(
    request: PaymentRequest, created_by: User | None, note: str = ""
) -> list[AccountEntry]:
    """Append a payment for each student of the request; accounts in one order, for their locks."""
    items = request.items.select_related("account__merged_into").order_by("account_id")
    return [
        append_entry(
            account=item.account.merged_into or item.account,
            kind=AccountEntry.Kind.PAYMENT,
            unit=request.currency,
            amount=item.amount,
            note=note or request.reference,
            created_by=created_by,
        )
        for item in items
    ]
