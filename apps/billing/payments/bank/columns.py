"""Finds what the columns of a bank statement mean by their headings."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from apps.common.text import casefold

MAX_HEADING_ROWS = 30  # banks write the account and the period above the table
MAX_SAMPLES = 2
_MAX_HEADING = 80


class Field(StrEnum):
    DATE = "date"
    AMOUNT = "amount"  # negative for outgoing
    CREDIT = "credit"  # incoming alone, where a bank has two columns
    CURRENCY = "currency"
    PURPOSE = "purpose"
    PAYER_NAME = "payer_name"
    PAYER_IBAN = "payer_iban"
    NUMBER = "number"


_OTHER = r"контрагент\w*|кореспондент\w*|платник\w*|відправник\w*|counterpart\w*|payer|sender"
_CODES = r"єдрпоу|рнокпп|іпн|інн|код|мфо|банк\w*|mfo|code|bic|swift|tax|edrpou|bank"
# Rules from the most to the least certain; the first heading that matches the best rule is taken.
_RULES: dict[Field, tuple[str, ...]] = {
    Field.DATE: (
        r"дата (і |та )?(час )?(операції|проведення|проводки|транзакції|валютування)",
        r"date and time|booking date|transaction date|operation date|posting date",
        r"^дата\b(?!.*(документ|народж))",
        r"^date\b",
    ),
    Field.AMOUNT: (
        r"сума (в|у) валюті (картки|рахунку)|card currency amount|amount in account currency",
        r"^сума( операції| платежу| транзакції| зарахування)?( uah| грн| eur| usd)?$",
        r"^amount( uah| eur| usd)?$|^(transaction|payment) amount$",
        r"^сума (в )?(гривнях|грн|uah)",
    ),
    Field.CREDIT: (r"^кредит\b|^надходження\b|^зараховано\b", r"^credit\b|^money in$|^paid in$"),
    Field.CURRENCY: (
        r"валюта (картки|рахунку|платежу)|(card|account) currency$",
        r"^валюта$|^currency$",
    ),
    Field.PURPOSE: (
        r"призначення( платежу)?|purpose|remittance",
        r"деталі( операції)?|details",
        r"опис( операції)?|description|narrative",
        r"коментар|^comment|^reference$",
    ),
    Field.PAYER_IBAN: (
        rf"(рахунок|iban|account).*({_OTHER})|({_OTHER}).*(рахунок|iban|account)",
        r"^iban$",
    ),
    Field.PAYER_NAME: (
        rf"(назва|піб|найменування|name).*({_OTHER})|({_OTHER}).*(назва|піб|name)",
        rf"^({_OTHER})\b",
    ),
    Field.NUMBER: (
        r"(номер|№|n) ?(документ\w*|операції|транзакції|квитанції)",
        r"(document|transaction|receipt) (number|no|id)",
    ),
}
_ISO_CODE = re.compile(r"\b([A-Z]{3})\b")

Cells = list[str]


@dataclass(frozen=True, slots=True)
class Column:
    index: int
    title: str
    samples: list[str]


@dataclass(frozen=True, slots=True)
class Columns:
    """`heading_rows` is 0 if no row has headings that are known."""

    heading_rows: int = 0
    all: list[Column] = field(default_factory=list)
    fields: dict[Field, int] = field(default_factory=dict)
    currency: str = ""  # of the amounts, where their heading names it


def find_columns(rows: list[Cells]) -> Columns:
    """Take the row with the most known headings; it names a date and an amount."""
    best: dict[Field, int] = {}
    at = -1
    for number, cells in enumerate(rows[:MAX_HEADING_ROWS]):
        found = _find_fields(cells)
        is_table = Field.DATE in found and (Field.AMOUNT in found or Field.CREDIT in found)
        if is_table and len(found) > len(best):
            best, at = found, number
    headings = rows[at] if at >= 0 else []
    return Columns(at + 1, _all_columns(rows[at + 1 :], headings), best, _currency(headings, best))


def _find_fields(cells: Cells) -> dict[Field, int]:
    headings = [_normalise(cell) if len(cell) <= _MAX_HEADING else "" for cell in cells]
    fields: dict[Field, int] = {}
    for name, rules in _RULES.items():
        for rule in rules:
            found = [i for i, heading in enumerate(headings) if _matches(rule, heading, name)]
            free = [i for i in found if i not in fields.values()]
            if free:
                fields[name] = free[0]
                break
    return fields


def _matches(rule: str, heading: str, name: Field) -> bool:
    if name is Field.PAYER_NAME and re.search(rf"\b(?:{_CODES}|рахунок|iban|account)\b", heading):
        return False
    return bool(heading and re.search(rule, heading))


def _normalise(heading: str) -> str:
    text = casefold(heading)
    if re.search("[а-яіїєґ]", text):
        text = text.replace("i", "і")  # monobank writes a Latin letter in Ukrainian words
    return " ".join(re.sub(r"[^\w№]+|_", " ", text).split())


def _currency(headings: Cells, fields: dict[Field, int]) -> str:
    """E.g. UAH for “Сума в валюті картки (UAH)”."""
    index = fields.get(Field.AMOUNT, fields.get(Field.CREDIT, -1))
    found = _ISO_CODE.search(headings[index]) if 0 <= index < len(headings) else None
    return found[1] if found else ""


def _all_columns(rows: list[Cells], headings: Cells) -> list[Column]:
    width = max(len(headings), max(map(len, rows[:200]), default=0))
    columns = []
    for index in range(width):
        cells = (row[index] for row in rows[:200] if index < len(row) and row[index])
        samples = [cell for cell, _number in zip(cells, range(MAX_SAMPLES), strict=False)]
        title = headings[index] if index < len(headings) else ""
        if title or samples:
            columns.append(Column(index, title or str(index + 1), samples))
    return columns
