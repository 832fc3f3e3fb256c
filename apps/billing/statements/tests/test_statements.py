"""Statements of a month, closing it, the overview and warnings about packs."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils.translation import override

from apps.billing.accounts import get_account
from apps.billing.ledger import append_entry, reverse_entry
from apps.billing.models import AccountEntry, ClosedMonth, PackWarning
from apps.billing.payments.payers import save_payer
from apps.billing.statements.closing import GRACE, close_month
from apps.billing.statements.csv_file import statement_csv
from apps.billing.statements.overview import list_overview
from apps.billing.statements.pdf import statement_pdf
from apps.billing.statements.statement import build_statement, parse_month
from apps.billing.statements.warnings import warn_last_lessons
from apps.common.errors import DomainError
from tests.builders import make_lesson, make_user

pytestmark = pytest.mark.django_db
OCTOBER = datetime(2025, 10, 10, 12, tzinfo=UTC)
NOVEMBER = datetime(2025, 11, 10, 12, tzinfo=UTC)


@pytest.fixture
def account(tutor, student, classroom):
    return get_account(tutor, student)


def add(account, kind, amount, at=NOVEMBER, unit="UAH", **fields):
    return AccountEntry.objects.create(
        account=account, kind=kind, unit=unit, amount=Decimal(amount), created_at=at, **fields
    )


def charge(account, amount, at=NOVEMBER, unit="UAH", kind="lesson", **fields):
    lesson = make_lesson(account.tutor, account.student, at)
    return add(account, kind, amount, at, unit, lesson=lesson, charge_number=1, **fields)


def november(account):
    return build_statement(account, date(2025, 11, 1))


def test_month_has_what_was_before_and_what_is_left(account):
    add(account, "payment", "500.00", OCTOBER)
    charge(account, "-400.00")
    charge(account, "-200.00", NOVEMBER + timedelta(days=1), kind="no_show")
    add(account, "payment", "700.00", NOVEMBER + timedelta(days=2))
    add(account, "adjustment", "-0.01", NOVEMBER + timedelta(days=3))
    add(account, "payment", "1.00", NOVEMBER + timedelta(days=30))
    statement = november(account)
    [totals] = statement.totals
    sums = (totals.opening, totals.paid, totals.charged, totals.other, totals.closing)
    assert [str(each) for each in sums] == ["500.00", "700.00", "-600.00", "-0.01", "599.99"]
    balances = [str(line.balance) for line in statement.lines]
    assert balances == ["100.00", "-100.00", "600.00", "599.99"]
    assert statement.lessons == {"lesson": 1, "no_show": 1}


def test_reversed_charge_counts_as_no_lesson(account, tutor):
    reverse_entry(entry=charge(account, "-400.00", datetime.now(UTC)), created_by=tutor)
    statement = build_statement(account, tutor.to_local_time(datetime.now(UTC)).date())
    assert statement.lessons == {}
    assert statement.totals[0].charged == 0


def test_units_are_not_mixed_and_lessons_come_first(account):
    add(account, "payment", "10.00", unit="USD")
    add(account, "payment", "10.00", unit="EUR")
    add(account, "adjustment", "8.00", unit="lesson")
    assert [each.unit for each in november(account).totals] == ["lesson", "EUR", "USD"]


def test_month_is_that_of_the_tutors_zone(account, tutor):
    tutor.timezone = "Europe/Kyiv"
    tutor.save()
    add(account, "payment", "1.00", datetime(2025, 10, 31, 21, 59, tzinfo=UTC))
    add(account, "payment", "2.00", datetime(2025, 10, 31, 22, 0, tzinfo=UTC))
    account.refresh_from_db()
    assert [line.entry.amount for line in november(account).lines] == [Decimal("2.00")]


def test_merged_account_is_part_of_the_statement(account, tutor):
    other = get_account(tutor, make_user("student"))
    add(other, "payment", "5.00")
    type(other).objects.filter(pk=other.pk).update(student=None, merged_into=account)
    assert november(account).totals[0].paid == Decimal("5.00")
    assert [row.balances for row in list_overview(tutor)] == [[("UAH", Decimal("5.00"))]]


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "1999-01", "2026-1", "2026-01-01"])
def test_other_months_are_not_found(text):
    with pytest.raises(DomainError):
        parse_month(text)


def test_csv_adds_up_and_escapes_notes(account):
    add(account, "payment", "500.00", OCTOBER)
    charge(account, "-400.00", note="=1+1")
    with override("en"):
        rows = list(csv.reader(io.StringIO(statement_csv(november(account)).lstrip("\ufeff"))))
    assert rows[1] == ["2025-11-01", "Brought forward", "", "UAH", "", "500.00", ""]
    assert rows[2][3:] == ["UAH", "-400.00", "100.00", "'=1+1"]


@pytest.mark.parametrize("language", ["uk", "en"])
def test_pdf_is_a_file_of_one_or_several_pages(account, language):
    for i in range(70):
        add(account, "payment", "1.00", NOVEMBER + timedelta(minutes=i), note="<b>&ґ " * 10)
    with override(language):
        content = statement_pdf(november(account))
        assert content == statement_pdf(november(account))
    assert content.startswith(b"%PDF-")
    assert 3 <= content.count(b"/Type /Page\n") <= 6
    assert len(content) < 300_000


def test_pdf_without_entries(account):
    assert statement_pdf(november(account)).startswith(b"%PDF-")


def test_month_is_closed_once_it_is_over(tutor, account):
    tutor.timezone = "Europe/Kyiv"
    end = datetime(2025, 10, 31, 22, tzinfo=UTC)
    with pytest.raises(DomainError):
        close_month(tutor=tutor, month=date(2025, 10, 5), now=end + GRACE - timedelta(seconds=1))
    closed = [
        close_month(tutor=tutor, month=date(2025, 10, 5), now=end + GRACE + i * GRACE)
        for i in range(2)
    ]
    assert closed[0] == closed[1] == ClosedMonth.objects.get()
    assert (closed[0].month, closed[0].ends_at) == (date(2025, 10, 1), end)


def test_correction_of_a_closed_month_is_an_entry_of_the_open_one(tutor, account):
    payment = add(account, "payment", "5.00", OCTOBER)
    close_month(tutor=tutor, month=OCTOBER.date(), now=datetime(2025, 11, 2, tzinfo=UTC))
    before = build_statement(account, OCTOBER.date())
    reversal = reverse_entry(entry=payment, created_by=tutor)
    after = build_statement(account, OCTOBER.date())
    assert reversal.created_at > ClosedMonth.objects.get().ends_at
    assert after.totals == before.totals
    assert after.is_closed


def test_overview_lists_debtors_first(tutor, account, django_assert_num_queries):
    rich, ending = (get_account(tutor, make_user("student")) for _each in range(2))
    add(account, "adjustment", "-5.00")
    add(rich, "payment", "5.00")
    append_entry(account=ending, kind="pack", unit="lesson", amount=Decimal(1))
    save_payer(tutor=tutor, name="Марія", email="", accounts=[account])
    with django_assert_num_queries(2):
        rows = list_overview(tutor)
    assert [row.account for row in rows] == [account, ending, rich]
    assert [row.owes for row in rows] == [True, False, False]
    assert rows[1].is_ending
    assert rows[0].payer == "Марія"


def use(account, pack_entry, lessons, start=NOVEMBER):
    for i in range(lessons):
        charge(account, "-1.00", start + timedelta(days=i), "lesson", pack=pack_entry.pack)


def test_both_are_warned_once_at_the_last_lesson(tutor, student, account, settings):
    settings.EMAIL_URL = "smtp://localhost"
    pack = append_entry(account=account, kind="pack", unit="lesson", amount=Decimal(3))
    use(account, pack, 1)
    assert warn_last_lessons(NOVEMBER) == 0
    use(account, pack, 1, NOVEMBER + timedelta(days=5))
    assert [warn_last_lessons(NOVEMBER) for _each in range(3)] == [1, 0, 0]
    assert sorted(message.to[0] for message in mail.outbox) == sorted([tutor.email, student.email])


def test_no_warning_while_another_pack_has_lessons(account, settings):
    settings.EMAIL_URL = "smtp://localhost"
    pack = append_entry(account=account, kind="pack", unit="lesson", amount=Decimal(2))
    append_entry(account=account, kind="pack", unit="lesson", amount=Decimal(8))
    use(account, pack, 1)
    assert warn_last_lessons(NOVEMBER) == 0
    assert PackWarning.objects.count() == 1
    assert not mail.outbox
