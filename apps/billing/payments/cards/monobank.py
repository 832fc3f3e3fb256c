"""Card payments by monobank's acquiring (https://monobank.ua/api-docs/acquiring)."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from apps.billing.payments.cards.provider import CardProviderError, Invoice, Order, State
from apps.common.outgoing_http import (
    MAX_ANSWER,
    Answer,
    ForbiddenAddressError,
    UnreachableError,
    get,
    post,
)

MAX_ID, MAX_URL = 64, 500  # characters that CardPayment stores
VALIDITY = 3600  # seconds in which an invoice can be paid
_NUMBERS = {"UAH": 980, "EUR": 978, "USD": 840}  # ISO 4217
_STATES = {
    **dict.fromkeys(("created", "processing", "hold"), State.PENDING),
    "success": State.PAID,
    **dict.fromkeys(("failure", "reversed", "expired"), State.FAILED),
}


@dataclass(frozen=True)
class Monobank:
    name: ClassVar[str] = "monobank"
    currencies: ClassVar[frozenset[str]] = frozenset(_NUMBERS)

    api_url: str
    token: str

    def create_invoice(self, order: Order) -> Invoice:
        body = {
            "amount": int(order.amount * 100),
            "ccy": _NUMBERS[order.currency],
            "merchantPaymInfo": {"reference": order.reference, "destination": order.purpose},
            "redirectUrl": order.return_url,
            "validity": VALIDITY,
        }
        data = self._call("create", json.dumps(body).encode())
        invoice = Invoice(str(data.get("invoiceId", "")), str(data.get("pageUrl", "")))
        is_https = invoice.page_url.startswith("https://")
        if not 1 <= len(invoice.id) <= MAX_ID or not is_https or len(invoice.page_url) > MAX_URL:
            raise CardProviderError("an invoice without an id or a page")
        return invoice

    def get_state(self, invoice_id: str) -> State:
        data = self._call(f"status?{urlencode({'invoiceId': invoice_id})}")
        state = _STATES.get(str(data.get("status")))
        if state is None:
            raise CardProviderError("an unknown status")
        return state

    def _call(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        url = f"{self.api_url}/api/merchant/invoice/{path}"
        headers = {"X-Token": self.token, "Content-Type": "application/json"}
        try:
            # The operator has named the address, so that it may be in the own network.
            answer = (
                get(url, headers, allow_private=True, max_answer=MAX_ANSWER)
                if body is None
                else post(url, body, headers, allow_private=True)
            )
        except (UnreachableError, ForbiddenAddressError) as exc:
            raise CardProviderError(f"no answer: {exc}") from exc
        return _read(answer)


def _read(answer: Answer) -> dict[str, Any]:
    try:
        data = json.loads(answer.body)
    except ValueError as exc:
        raise CardProviderError(f"HTTP {answer.status}") from exc
    if answer.status != 200 or not isinstance(data, dict):
        raise CardProviderError(f"HTTP {answer.status}")
    return data
