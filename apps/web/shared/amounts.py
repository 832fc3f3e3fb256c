"""Amounts and currencies in forms."""

from decimal import Decimal
from typing import Any

from django import forms

from apps.billing.models.amount import MAX_AMOUNT

COMMON_CURRENCIES = ("UAH", "EUR", "USD", "PLN", "GBP", "CZK")


class AmountField(forms.DecimalField):
    """Takes a comma or a point, and spaces between thousands."""

    def __init__(self, *, min_value: Decimal = Decimal("0.01"), **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(
            min_value=min_value,
            max_value=MAX_AMOUNT,
            max_digits=12,
            decimal_places=2,
            widget=widget,
            **kwargs,
        )

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        text = str(value or "").replace(",", ".")
        return super().to_python("".join(text.split()))
