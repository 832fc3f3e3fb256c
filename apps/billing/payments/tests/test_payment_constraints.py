"""What the database itself refuses of payments, bank lines and closed months."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.billing.models import (
    Account,
    AccountEntry,
    AccountPayer,
    BankLine,
    BankLineEntry,
    ClosedMonth,
    PayeeDetails,
    Payer,
    PaymentRequest,
    PaymentRequestItem,
)
from tests.test_constraints import is_refused

pytestmark = pytest.mark.django_db
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def account(tutor, student):
    return Account.objects.create(tutor=tutor, student=student)


def make_request(tutor, number=1, **fields):
    values = {"currency": "UAH", "payee_name": "T", "iban": "UA1", "tax_id": "12345678"}
    return PaymentRequest.objects.create(
        tutor=tutor, number=number, purpose="p", **{**values, **fields}
    )


def make_line(tutor, digest="d", **fields):
    values = {"day": OCTOBER.date(), "amount": Decimal("10.00"), "currency": "UAH"}
    return BankLine.objects.create(tutor=tutor, digest=digest, **{**values, **fields})


def pay(account, created_at, amount="5.00"):
    return AccountEntry.objects.create(
        account=account, kind="payment", unit="UAH", amount=Decimal(amount), created_at=created_at
    )


def test_payee_is_one_per_currency_and_has_a_tax_number_for_hryvnias(tutor):
    details = {"tutor": tutor, "name": "T", "iban": "UA1", "purpose": "p"}
    PayeeDetails.objects.create(currency="UAH", tax_id="12345678", **details)
    assert is_refused(PayeeDetails.objects.create, currency="UAH", tax_id="1", **details)
    assert not is_refused(PayeeDetails.objects.create, currency="EUR", **details)
    assert is_refused(PayeeDetails.objects.update, tax_id="")


def test_account_has_one_payer(tutor, account):
    first, second = (Payer.objects.create(tutor=tutor, name=name) for name in "AB")
    AccountPayer.objects.create(account=account, payer=first)
    assert is_refused(AccountPayer.objects.create, account=account, payer=second)


def test_request_has_its_own_number_and_time_of_settling(tutor, other_tutor):
    request = make_request(tutor)
    assert is_refused(make_request, tutor)
    assert not is_refused(make_request, other_tutor)
    assert is_refused(make_request, tutor, 2, token=request.token)
    assert is_refused(make_request, tutor, 3, status="paid")
    assert is_refused(make_request, tutor, 4, settled_at=timezone.now())
    assert is_refused(make_request, tutor, 5, status="lost", settled_at=timezone.now())


def test_request_has_a_positive_item_per_account(tutor, account):
    request = make_request(tutor)
    create = PaymentRequestItem.objects.create
    assert is_refused(create, request=request, account=account, amount=Decimal(0))
    assert not is_refused(create, request=request, account=account, amount=Decimal(1))
    assert is_refused(create, request=request, account=account, amount=Decimal(1))


def test_bank_line_is_incoming_and_imported_once_by_a_tutor(tutor, other_tutor):
    make_line(tutor)
    assert is_refused(make_line, tutor)
    assert not is_refused(make_line, other_tutor)
    assert is_refused(make_line, tutor, "e", amount=Decimal(0))


def test_ignored_line_keeps_no_details_and_an_open_one_no_request(tutor):
    assert is_refused(make_line, tutor, status="ignored", purpose="Оренда")
    assert not is_refused(make_line, tutor, status="ignored")
    assert is_refused(make_line, tutor, "e", request=make_request(tutor))


def test_entry_belongs_to_one_line(tutor, account):
    entry = pay(account, NOVEMBER)
    BankLineEntry.objects.create(line=make_line(tutor), entry=entry)
    assert is_refused(BankLineEntry.objects.create, line=make_line(tutor, "e"), entry=entry)


def test_month_is_closed_once_and_after_its_end(tutor):
    month = {"tutor": tutor, "month": OCTOBER.date(), "starts_at": OCTOBER, "ends_at": NOVEMBER}
    assert is_refused(ClosedMonth.objects.create, closed_at=OCTOBER, **month)
    assert not is_refused(ClosedMonth.objects.create, closed_at=NOVEMBER, **month)
    assert is_refused(ClosedMonth.objects.create, closed_at=DECEMBER, **month)


def test_entry_of_a_closed_month_is_refused(tutor, account, other_tutor, student):
    ClosedMonth.objects.create(
        tutor=tutor, month=OCTOBER.date(), starts_at=OCTOBER, ends_at=NOVEMBER, closed_at=DECEMBER
    )
    last_moment = NOVEMBER.replace(month=10, day=31, hour=23, minute=59, second=59)
    assert is_refused(pay, account, OCTOBER)
    assert is_refused(pay, account, last_moment.replace(microsecond=999999))
    assert not is_refused(pay, account, NOVEMBER)
    assert not is_refused(pay, account, datetime(2026, 9, 30, 23, 59, 59, 999999, tzinfo=UTC))
    others = Account.objects.create(tutor=other_tutor, student=student)
    assert not is_refused(pay, others, OCTOBER)
