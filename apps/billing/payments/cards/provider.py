"""The interface of a card payment provider."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import ClassVar, Protocol


class State(Enum):
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"  # refused, or not paid in time


class CardProviderError(Exception):
    """The provider refused a call, or could not be reached."""


@dataclass(frozen=True)
class Order:
    """`return_url` is where the payer comes back to, paid or not."""

    amount: Decimal
    currency: str
    reference: str
    purpose: str
    return_url: str


@dataclass(frozen=True)
class Invoice:
    """`page_url` is the provider's page on which the payer enters a card."""

    id: str
    page_url: str


class CardProvider(Protocol):
    name: ClassVar[str]  # as payers know it
    currencies: ClassVar[frozenset[str]]

    def create_invoice(self, order: Order) -> Invoice:
        """Raises CardProviderError."""

    def get_state(self, invoice_id: str) -> State:
        """Raises CardProviderError."""
