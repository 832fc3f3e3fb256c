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
        invoice_id, page_url = data.get("invoiceId"), data.get("pageUrl")
        if not isinstance(invoice_id, str) or not _is_page(page_url):
            raise CardProviderError("an invoice without an id or a page")
        return Invoice(invoice_id, page_url)

    def get_state(self, invoice_id: str) -> State:
        data = self._call(f"status?{urlencode({'invoiceId': invoice_id})}")
        state = _STATES.get(data.get("status", ""))
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


def _is_page(url: Any) -> bool:
    return isinstance(url, str) and url.startswith("https://") and len(url) <= 500
