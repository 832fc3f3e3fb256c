"""Dates and amounts as banks write them."""

import re
from datetime import date
from decimal import Decimal

_DATE = re.compile(
    r"(?:(?P<year>\d{4})[-./](?P<month>\d{1,2})[-./](?P<day>\d{1,2})"
    r"|(?P<day2>\d{1,2})[-./](?P<month2>\d{1,2})[-./](?P<year2>\d{4}|\d{2}))"
    r"(?:[T ,]+\d{1,2}:\d{2}.*)?"
)
# A comma or point before three digits separates thousands, unless only zeros are before it.
_AMOUNT = re.compile(
    r"[+(-]?[^\d.,+()-]{0,4}"
    r"(?:(?P<grouped>[1-9]\d{0,2}(?P<mark>[.,])\d{3}(?:(?P=mark)\d{3})*)"
    r"(?:(?!(?P=mark))[.,](?P<cents>\d{1,2}))?"
    r"|(?P<plain>\d+)(?:[.,](?P<fraction>\d{0,2}))?)"
    r"[)-]?[^\d,+()-]{0,5}"
)
_MAX_AMOUNT = Decimal("9999999999.99")


def parse_date(text: str) -> date | None:
    """The day comes before the month unless the year is first."""
    found = _DATE.fullmatch(text.strip())
    if not found:
        return None
    year = int(found["year"] or found["year2"])
    try:
        return date(
            year + 2000 if year < 100 else year,
            int(found["month"] or found["month2"]),
            int(found["day"] or found["day2"]),
        )
    except ValueError:
        return None


def parse_amount(text: str) -> Decimal | None:
    """An amount such as `1 234,50`, `1,234.50`, `-128.0 UAH` or `(12.00)`; None if it is not."""
    joined = re.sub(r"[\s'’]", "", text).replace("\u2212", "-").replace("\u2013", "-")
    found = _AMOUNT.fullmatch(joined)
    if not found:
        return None
    whole = re.sub("[.,]", "", found["grouped"] or found["plain"])
    if len(whole) > 12:
        return None
    amount = Decimal(f"{whole}.{found['cents'] or found['fraction'] or 0}")
    if amount > _MAX_AMOUNT:
        return None
    is_negative = joined.startswith(("-", "(")) or joined.endswith("-")
    return -round(amount, 2) if is_negative else round(amount, 2)
