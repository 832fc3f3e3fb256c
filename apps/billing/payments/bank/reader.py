"""Reads a bank statement: a CSV file or an Excel workbook, in any usual encoding."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from dataclasses import field as dc_field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.billing.payments.bank.columns import (
    MAX_HEADING_ROWS,
    Column,
    Columns,
    Field,
    find_columns,
)
from apps.billing.payments.bank.values import parse_amount, parse_date
from apps.billing.payments.requisites import is_valid_iban, normalise_iban
from apps.classrooms.roster.charsets import NotTextError, decode
from apps.classrooms.roster.csv_table import BLANK_ROWS, Line, OpenQuoteError, read_table
from apps.classrooms.roster.xlsx_table import (
    OLE_SIGNATURE,
    DamagedWorkbookError,
    HugeWorkbookError,
    is_workbook,
    read_workbook,
)
from apps.common.text import clean_text

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 5000
MAX_LINES = 3 * MAX_ROWS  # blank ones and those within a cell included
MAX_COLUMNS = 60
MAX_PURPOSE = 500
MAX_PAYER = 200
MAX_NUMBER = 100
CURRENCIES = ("UAH", "EUR", "USD", "PLN", "GBP", "CHF", "CZK")


class BankFileError(Exception):
    """The message is translated, for the tutor who uploaded the file."""


@dataclass(slots=True)
class BankRow:
    """`digest` identifies the payment: the same line read twice has the same one, and equal lines
    of one file have different ones."""

    line: int
    day: date | None = None
    amount: Decimal | None = None
    currency: str = ""
    purpose: str = ""
    payer_name: str = ""
    payer_iban: str = ""
    number: str = ""
    error: str = ""
    digest: str = ""

    @property
    def is_incoming(self) -> bool:
        return not self.error and self.amount is not None and self.amount > 0


@dataclass(frozen=True, slots=True)
class Choices:
    """What the tutor has chosen; a missing field is detected, one without a column is -1."""

    charset: str = ""
    currency: str = ""
    fields: dict[Field, int] = dc_field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BankFile:
    charset: str
    currency: str
    rows: list[BankRow]
    columns: list[Column]
    fields: dict[Field, int]

    @property
    def incoming(self) -> list[BankRow]:
        return [row for row in self.rows if row.is_incoming]

    @property
    def is_mapped(self) -> bool:
        """Whether the columns that no import can do without are known."""
        return Field.DATE in self.fields and (
            Field.AMOUNT in self.fields or Field.CREDIT in self.fields
        )


def read_bank_file(data: bytes, chosen: Choices | None = None) -> BankFile:
    """Raises BankFileError."""
    chosen = chosen or Choices()
    charset, lines = _read_lines(data, chosen.charset)
    columns = find_columns([cells for _number, cells in lines])
    body = lines[columns.heading_rows :]
    if not body:
        raise BankFileError(_("The file has no rows."))
    if len(body) > MAX_ROWS:
        raise _too_many_rows()
    fields = _merge(columns, chosen)
    currency = _choose_currency(columns, chosen)
    rows = [_read_row(number, cells, fields, currency) for number, cells in body]
    _set_digests(rows)
    return BankFile(charset, currency, rows, columns.all, fields)


def _merge(columns: Columns, chosen: Choices) -> dict[Field, int]:
    """A heading that names the amounts' currency counts more than a column of currencies, which is
    of the operation in some banks."""
    known = {column.index for column in columns.all}
    detected = dict(columns.fields)
    if columns.currency:
        detected.pop(Field.CURRENCY, None)
    merged = detected | chosen.fields
    return {name: index for name, index in merged.items() if index in known}


def _choose_currency(columns: Columns, chosen: Choices) -> str:
    wanted = chosen.currency or columns.currency
    return wanted if wanted in CURRENCIES else CURRENCIES[0]


def _read_lines(data: bytes, charset: str) -> tuple[str, list[Line]]:
    if len(data) > MAX_BYTES:
        raise BankFileError(_("The file is too large: at most 5 MB."))
    if is_workbook(data):
        return "", _workbook_lines(data)
    if data.startswith(OLE_SIGNATURE):
        raise BankFileError(
            _("This is an old .xls file or one with a password. Save it as .xlsx or CSV.")
        )
    used = data.rstrip(BLANK_ROWS.encode() + b"\0")  # NUL is a part of UTF-16
    if max(used.count(b"\n"), used.count(b"\r")) > MAX_LINES:
        raise _too_many_rows()
    try:
        decoded = decode(data, charset)
        lines = read_table(decoded.text)
    except NotTextError as exc:
        raise BankFileError(
            _("This is neither a text file nor an .xlsx workbook. Download the statement as CSV.")
        ) from exc
    except OpenQuoteError as exc:
        raise BankFileError(
            _("A quotation mark in line %(line)s is never closed.") % {"line": exc.line}
        ) from exc
    return decoded.charset, [(number, cells[:MAX_COLUMNS]) for number, cells in lines]


def _workbook_lines(data: bytes) -> list[Line]:
    limit = MAX_ROWS + MAX_HEADING_ROWS + 1
    try:
        return read_workbook(data, max_rows=limit, max_columns=MAX_COLUMNS)
    except HugeWorkbookError as exc:
        raise BankFileError(_("This workbook is too large. Choose a shorter period.")) from exc
    except DamagedWorkbookError as exc:
        raise BankFileError(
            _("This workbook cannot be read. Open it and save it again as .xlsx or CSV.")
        ) from exc


def _too_many_rows() -> BankFileError:
    return BankFileError(
        _("At most %(n)s rows at once. Choose a shorter period in your bank.") % {"n": MAX_ROWS}
    )


def _read_row(number: int, cells: list[str], fields: dict[Field, int], currency: str) -> BankRow:
    def cell(name: Field) -> str:
        index = fields.get(name, -1)
        text = cells[index] if 0 <= index < len(cells) else ""
        return "" if text in ("—", "-") else clean_text(text)

    row = BankRow(number, parse_date(cell(Field.DATE)))
    credit = parse_amount(cell(Field.CREDIT)) if Field.CREDIT in fields else None
    row.amount = credit if credit is not None else parse_amount(cell(Field.AMOUNT))
    row.currency = _read_currency(cell(Field.CURRENCY), currency)
    row.purpose = cell(Field.PURPOSE)[:MAX_PURPOSE]
    row.payer_name = cell(Field.PAYER_NAME)[:MAX_PAYER]
    iban = normalise_iban(cell(Field.PAYER_IBAN))
    row.payer_iban = iban if is_valid_iban(iban) else ""
    row.number = cell(Field.NUMBER)[:MAX_NUMBER]
    if row.day is None:
        row.error = _("no date")
    elif row.amount is None and Field.CREDIT not in fields:
        row.error = _("no amount")
    elif row.currency not in CURRENCIES:
        row.error = _("unknown currency")
    return row


def _read_currency(cell: str, default: str) -> str:
    """The column of some banks has the currency of a purchase abroad, which is not the account's;
    incoming payments are in the account's."""
    signs = {"₴": "UAH", "ГРН": "UAH", "980": "UAH", "€": "EUR", "978": "EUR", "$": "USD"}
    text = cell.upper().strip(" .")
    return signs.get(text, text) or default


def _set_digests(rows: list[BankRow]) -> None:
    seen: Counter[str] = Counter()
    for row in rows:
        if row.day is None or row.amount is None:
            continue
        parts = (
            *(row.day.isoformat(), f"{row.amount:.2f}", row.currency),
            *(row.purpose, row.payer_name, row.payer_iban, row.number),
        )
        content = "\x1f".join(parts)
        seen[content] += 1
        row.digest = hashlib.sha256(f"{content}\x1f{seen[content]}".encode()).hexdigest()
