"""Pages and files of statements."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.billing.accounts import get_account
from apps.billing.models import AccountEntry, ClosedMonth

pytestmark = pytest.mark.django_db
MONTH = "2025-10"


@pytest.fixture
def account(tutor, student, classroom):
    account = get_account(tutor, student)
    AccountEntry.objects.create(
        account=account,
        kind="payment",
        unit="UAH",
        amount=Decimal("1200.00"),
        note="KR-1",
        created_at=datetime(2025, 10, 10, 12, tzinfo=UTC),
    )
    return account


def url(name, account, month=MONTH):
    return reverse(f"web:{name}", args=[account.pk, month])


@pytest.mark.parametrize("who", ["tutor", "student"])
@pytest.mark.parametrize(
    ("locale", "amount"), [("en", "UAH1,200.00"), ("uk", "1\u00a0200,00\u00a0₴")]
)
def test_statement_in_both_languages(browser, account, request, who, locale, amount):
    client = browser(request.getfixturevalue(who), locale)
    assert amount in client.get(url("statement", account)).content.decode()


def test_files_of_a_statement(browser, tutor, account):
    client = browser(tutor)
    table, document = (client.get(url(f"statement-{kind}", account)) for kind in ("csv", "pdf"))
    assert "1200.00" in table.content.decode()
    assert document.content.startswith(b"%PDF-")
    assert f'statement-{account.pk}-{MONTH}.pdf"' in document["Content-Disposition"]


@pytest.mark.parametrize("name", ["statement", "statement-csv", "statement-pdf"])
def test_others_do_not_find_a_statement(browser, account, other_tutor, stranger, name):
    for person in (other_tutor, stranger):
        assert browser(person).get(url(name, account)).status_code == 404


@pytest.mark.parametrize("month", ["2025-13", "2025", "x"])
def test_unknown_month_is_not_found(browser, tutor, account, month):
    assert browser(tutor).get(url("statement", account, month)).status_code == 404


def test_current_month_is_shown_first(browser, tutor, account):
    response = browser(tutor).get(reverse("web:statement-current", args=[account.pk]))
    assert response.status_code == 302
    assert browser(tutor).get(response.url).status_code == 200


def test_month_is_closed_after_a_question(browser, tutor, account):
    client = browser(tutor)
    page = reverse("web:statements-close")
    assert "October 2025" in client.get(page, {"month": MONTH}).content.decode()
    assert not ClosedMonth.objects.exists()
    client.post(f"{page}?month={MONTH}")
    assert ClosedMonth.objects.get().tutor == tutor
    assert "closed" in client.get(url("statement", account)).content.decode()


def test_student_has_own_accounts_and_closes_nothing(browser, student, account):
    client = browser(student)
    assert account.tutor.get_full_name() in client.get(reverse("web:statements")).content.decode()
    assert client.post(reverse("web:statements-close") + "?month=" + MONTH).status_code == 403
