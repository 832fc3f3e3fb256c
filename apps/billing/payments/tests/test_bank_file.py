"""Reading statements of banks; the headings are those of their exports."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing.payments.bank import reader
from apps.billing.payments.bank.columns import Field
from apps.billing.payments.bank.reader import BankFileError, Choices, read_bank_file
from apps.billing.payments.bank.values import parse_amount, parse_date

MONOBANK = """\
"Дата i час операції","Деталі операції",MCC,"Сума в валюті картки (UAH)","Сума в валюті операції",\
Валюта,Курс,"Сума комісій (UAH)","Сума кешбеку (UAH)","Залишок після операції"
"24.11.2026 10:00:00","Від: Марія Коваль. KR-12",4829,1200.0,30.0,USD,40.0,—,—,11200.0
"24.11.2026 11:30:00",Кава,5814,-75.5,-75.5,UAH,—,—,—,11124.5
"""
PRIVAT24 = """\
Історія операцій за період 01.11.2026 - 30.11.2026,,,,,,,,,
Дата,Категорія,Картка,Опис операції,Сума в валюті картки,Валюта картки,\
Сума в валюті транзакції,Валюта транзакції,Залишок на кінець періоду,Валюта залишку
24.11.2026 10:00:30,Зарахування переказу,5168 **** **** 1111,Оплата уроків KR-12,1200.00,UAH,\
1200.00,UAH,9000.00,UAH
"""
BUSINESS = """\
ЄДРПОУ;МФО;Рахунок;Валюта;Номер документа;Дата операції;МФО банку;Назва банку;\
Рахунок кореспондента;ЄДРПОУ кореспондента;Кореспондент;Сума;Призначення платежу
1234567890;305299;UA213223130000026007233566001;UAH;77;24.11.2026;322001;АТ "УНІВЕРСАЛ БАНК";\
UA903052992990004149123456789;2222222222;Коваль Марія;1 200,00;Оплата за уроки KR-12
"""


def read(text: str, charset: str = "utf-8", **chosen: object):
    return read_bank_file(text.encode(charset), Choices(**chosen))


def test_monobank_statement():
    file = read(MONOBANK)
    row = file.incoming[0]
    assert len(file.rows) == 2
    assert (row.day, row.amount, row.currency) == (date(2026, 11, 24), Decimal("1200.00"), "UAH")
    assert row.purpose == "Від: Марія Коваль. KR-12"
    assert [row.amount for row in file.rows if not row.is_incoming] == [Decimal("-75.50")]


def test_private_statement_of_privatbank():
    [row] = read(PRIVAT24).incoming
    assert (row.day, row.amount, row.currency) == (date(2026, 11, 24), Decimal("1200.00"), "UAH")
    assert row.purpose == "Оплата уроків KR-12"


@pytest.mark.parametrize("charset", ["cp1251", "utf-8-sig", "utf-16"])
def test_business_statement_of_privatbank_in_any_encoding(charset):
    [row] = read(BUSINESS, charset).incoming
    assert (row.amount, row.number, row.payer_name) == (Decimal("1200.00"), "77", "Коваль Марія")
    assert row.purpose == "Оплата за уроки KR-12"
    assert row.payer_iban == "UA903052992990004149123456789"


def test_account_with_wrong_check_digits_is_left_out():
    text = BUSINESS.replace("UA903052992990004149123456789", "UA913052992990004149123456789")
    assert read(text).incoming[0].payer_iban == ""


def test_unknown_headings_are_mapped_by_hand():
    text = "Wann;Wieviel;Wer\n2026-11-24;1.200,00;Maria\n"
    assert not read(text).is_mapped
    chosen = {Field.DATE: 0, Field.AMOUNT: 1, Field.PAYER_NAME: 2}
    file = read(text, fields=chosen, currency="EUR")
    assert file.is_mapped
    assert [row.error for row in file.rows] == ["no date", ""]
    [row] = file.incoming
    assert (row.amount, row.currency, row.payer_name) == (Decimal("1200.00"), "EUR", "Maria")


def test_incoming_amounts_in_a_column_of_their_own():
    text = "Дата;Дебет;Кредит;Призначення\n24.11.2026;100,00;;Оренда\n25.11.2026;;500,00;Уроки\n"
    [row] = read(text).incoming
    assert (row.amount, row.purpose) == (Decimal("500.00"), "Уроки")


def test_equal_lines_of_one_file_differ_and_those_of_two_files_do_not():
    double = BUSINESS + BUSINESS.splitlines(keepends=True)[-1]
    once, [first, second] = read(BUSINESS).rows[0], read(double).rows
    assert once.digest == first.digest
    assert first.digest != second.digest


def test_digest_does_not_depend_on_encoding_and_other_columns():
    other = BUSINESS.replace(";322001;", ";999999;")
    assert read(BUSINESS).rows[0].digest == read(other, "cp1251").rows[0].digest


def test_limits(monkeypatch):
    with pytest.raises(BankFileError, match="5 MB"):
        read_bank_file(b"x" * (reader.MAX_BYTES + 1))
    head, row = "Дата;Сума\n", "24.11.2026;1\n"
    assert len(read(head + row * reader.MAX_ROWS).rows) == reader.MAX_ROWS
    with pytest.raises(BankFileError, match="5000 rows"):
        read(head + row * (reader.MAX_ROWS + 1))


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\0\x01\x02", b"\xd0\xcf\x11\xe0...", b"PK\x03\x04x"]
)
def test_other_files_are_refused(data):
    with pytest.raises(BankFileError):
        read_bank_file(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    with suppress(BankFileError):
        read_bank_file(data)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *[
            ("1200", "1200"),
            ("1 200,00", "1200"),
            ("1\u00a0200.50", "1200.5"),
            ("1,200.50", "1200.5"),
        ],
        *[("1.200,50", "1200.5"), ("-128.0", "-128"), ("(12,00)", "-12"), ("+5,5", "5.5")],
        *[("1,200", "1200"), ("1.200.000", "1200000"), ("0,5", "0.5"), ("500,00 грн", "500")],
        *[("−75,50", "-75.5"), ("12.", "12"), ("0.00", "0")],
    ],
)
def test_amount(text, amount):
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "грн", "1.2.3,4,5x-", "--", "1e5e", "0.125", "9" * 20])
def test_no_amount(text):
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    "text", ["24.11.2026", "24.11.26", "2026-11-24", "24/11/2026 10:00", "2026-11-24T10:00:00Z"]
)
def test_day(text):
    assert parse_date(text) == date(2026, 11, 24)


@pytest.mark.parametrize("text", ["", "31.02.2026", "2026", "24.11", "tomorrow"])
def test_no_day(text):
    assert parse_date(text) is None
