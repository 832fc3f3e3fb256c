"""Payees, payers and requests for payment."""

from decimal import Decimal

import pytest
from django.utils import timezone

from apps.billing.accounts import get_account
from apps.billing.balances import get_balances
from apps.billing.models import AccountPayer, PaymentRequest
from apps.billing.payments.payees import render_purpose, save_payee
from apps.billing.payments.payers import find_payer, save_payer
from apps.billing.payments.requests import (
    access_request,
    create_request,
    find_request,
    mark_paid,
    settle,
    transfer_of,
)
from apps.billing.payments.tests.refusals import refused
from apps.common.errors import DomainError
from tests.builders import make_user

pytestmark = pytest.mark.django_db


def test_request_asks_for_the_amount_by_the_payees_details(payment_request, payee):
    transfer = transfer_of(find_request(payment_request.token))
    assert transfer.amount == Decimal("1200.00")
    assert (transfer.name, transfer.iban, transfer.tax_id) == (payee.name, payee.iban, payee.tax_id)
    assert transfer.purpose == "Оплата за уроки, Олена Коваль, KR-1"


def test_sent_request_stays_when_details_change(tutor, payment_request):
    save_payee(tutor=tutor, currency="UAH", name="N", iban="X", tax_id="12345678", purpose="p")
    assert find_request(payment_request.token).payee_name == "ФОП Вчитель Тарас"


def test_numbers_rise_by_tutor(tutor, account, payment_request):
    second = create_request(
        tutor=tutor, currency="UAH", amounts={account: Decimal(1)}, month="листопад"
    )
    assert (payment_request.number, second.number) == (1, 2)


def test_paid_request_of_siblings_is_entered_for_each_once(tutor, student, payee):
    brother = get_account(tutor, make_user("student", "Іван", "Коваль"))
    sister = get_account(tutor, student)
    request = create_request(
        tutor=tutor,
        currency="UAH",
        amounts={sister: Decimal("700.00"), brother: Decimal("500.00")},
        month="листопад",
    )
    mark_paid(request=request, tutor=tutor, now=timezone.now())
    with refused("request_settled"):
        mark_paid(request=request, tutor=tutor, now=timezone.now())
    assert get_balances(sister) == {"UAH": Decimal("700.00")}
    assert get_balances(brother) == {"UAH": Decimal("500.00")}


def test_withdrawn_request_is_not_paid(tutor, payment_request):
    settle(payment_request, PaymentRequest.Status.CANCELLED, timezone.now())
    with refused("request_settled"):
        mark_paid(request=payment_request, tutor=tutor, now=timezone.now())


@pytest.mark.parametrize("amounts", [{}, {"own": "0"}, {"own": "-5"}, {"other": "5"}])
def test_request_without_a_valid_amount_is_refused(
    tutor, other_tutor, student, account, payee, amounts
):
    accounts = {"own": account, "other": get_account(other_tutor, student)}
    with pytest.raises(DomainError):
        create_request(
            tutor=tutor,
            currency="UAH",
            amounts={accounts[who]: Decimal(amount) for who, amount in amounts.items()},
            month="листопад",
        )


def test_currency_without_details_is_refused(tutor, account, payee):
    with refused("validation_error"):
        create_request(tutor=tutor, currency="EUR", amounts={account: Decimal(1)}, month="x")


def test_others_do_not_find_a_request(other_tutor, payment_request):
    with refused("not_found"):
        access_request(other_tutor, payment_request.pk)
    with refused("not_found"):
        find_request("x" * 32)


def test_payer_of_siblings(tutor, student, account):
    brother = get_account(tutor, make_user("student", "Іван", "Коваль"))
    payer = save_payer(tutor=tutor, name="Марія", email="m@x.example", accounts=[account, brother])
    assert find_payer(account) == find_payer(brother) == payer
    save_payer(tutor=tutor, name="Марія", email="", accounts=[brother], payer=payer)
    assert find_payer(account) is None
    other = save_payer(tutor=tutor, name="Петро", email="", accounts=[brother])
    assert find_payer(brother) == other


def test_payer_gets_no_account_of_another_tutor(tutor, other_tutor, student):
    others = get_account(other_tutor, student)
    save_payer(tutor=tutor, name="Марія", email="", accounts=[others])
    assert not AccountPayer.objects.exists()


@pytest.mark.parametrize(
    ("template", "purpose"),
    [
        ("Уроки {student} за {month} ({number})", "Уроки Олена Коваль за листопад (KR-7)"),
        ("Уроки", "Уроки, KR-7"),
        ("{student} {student}{number}", "Олена Коваль KR-7"),
        ("{0} {x} %s {number}", "{0} {x} %s KR-7"),
        ("у" * 140, "у" * 135 + " KR-7"),
        ("у" * 131 + " {number}", "у" * 131 + " KR-7"),
        ("{month}" * 18 + ", {number}", "листопад" * 16 + "листопа KR-7"),
    ],
)
def test_purpose(template, purpose):
    students = ["Олена Коваль"]
    filled = render_purpose(template, students=students, month="листопад", reference="KR-7")
    assert filled == purpose


def test_long_names_leave_the_reference_in_the_purpose():
    names = [f"Надзвичайно Довгеім’я{i}" for i in range(10)]
    filled = render_purpose("Уроки, {student}", students=names, month="", reference="KR-7")
    assert len(filled) <= 140
    assert filled.endswith("…, KR-7")
