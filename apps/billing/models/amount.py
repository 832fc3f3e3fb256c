"""Exact decimals with two places."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import Combinable

CENT = Decimal("0.01")
MAX_AMOUNT = Decimal("9999999999.99")


class AmountField(models.BigIntegerField):  # type: ignore[type-arg]
    """A Decimal with two places, stored as a whole number of hundredths.

    SQLite has no exact decimals: it would store and add up floating-point numbers.
    """

    if TYPE_CHECKING:
        _pyi_private_set_type: Decimal | Combinable  # type: ignore[assignment]
        _pyi_private_get_type: Decimal  # type: ignore[assignment]

    def get_prep_value(self, value: Any) -> int | None:
        if value is None or hasattr(value, "resolve_expression"):
            return value  # type: ignore[no-any-return]
        hundredths = Decimal(value) * 100
        if hundredths != hundredths.to_integral_value():
            raise ValueError("an amount has two decimal places")
        return int(hundredths)

    def from_db_value(self, value: Any, *_context: Any) -> Decimal | None:
        return None if value is None else to_decimal(value)

    def to_python(self, value: Any) -> Any:
        return value if value is None else Decimal(value)


def to_decimal(hundredths: Any) -> Decimal:
    """PostgreSQL returns a sum of whole numbers as a Decimal."""
    return Decimal(int(hundredths)).scaleb(-2)
