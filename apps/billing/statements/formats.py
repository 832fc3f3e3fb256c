"""Amounts as the reader's language writes them."""

from decimal import Decimal

from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language, ngettext

from apps.billing.models import LESSONS


def format_amount(amount: Decimal, unit: str) -> str:
    """E.g. “1 200,00 ₴”, or “3 lessons” for the unit of lessons."""
    language = get_language() or "en"
    if unit != LESSONS:
        return format_currency(amount, unit, locale=language)
    shown = format_decimal(amount, format="#,##0.##", locale=language)
    whole = abs(int(amount)) if amount == int(amount) else 2  # a fraction takes “lessons”
    return ngettext("%(n)s lesson", "%(n)s lessons", whole) % {"n": shown}
