from decimal import Decimal

import pytest

from apps.billing.accounts import get_account
from apps.billing.payments.payees import save_payee
from apps.billing.payments.requests import create_request


@pytest.fixture
def payee(tutor):
    return save_payee(
        tutor=tutor,
        currency="UAH",
        name="ФОП Вчитель Тарас",
        iban="UA213223130000026007233566001",
        tax_id="1234567890",
        purpose="Оплата за уроки, {student}, {number}",
    )


@pytest.fixture
def account(tutor, student, classroom):
    return get_account(tutor, student)


@pytest.fixture
def payment_request(tutor, account, payee):
    return create_request(
        tutor=tutor, currency="UAH", amounts={account: Decimal("1200.00")}, month="листопад"
    )
