"""The entries of an account as lines that can be followed: each with the balance after it."""

import re
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, Sum

from apps.billing.accounts import list_entries
from apps.billing.models import Account, AccountEntry, PaymentRequest
from apps.common.pagination import Page

_REFERENCE = re.compile(r"KR-(\d{1,9})")
_RELATED = ("lesson", "reverses", "reversal", "decision", "bank_line__line__request")


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """`balance` is what the entries of the unit add up to with this one. `request` is the request
    that a payment answers."""

    entry: AccountEntry
    balance: Decimal
    is_reversed: bool
    request: PaymentRequest | None

    @property
    def can_be_reversed(self) -> bool:
        return not self.is_reversed and self.entry.kind != AccountEntry.Kind.REVERSAL


def list_lines(account: Account, page: Page) -> list[LedgerLine]:
    """A page of the entries, the newest first; four queries."""
    # The page is chosen before its rows are joined: SQLite would join all entries first.
    chosen = list_entries(account).values_list("pk", flat=True)[page.offset : page.stop]
    entries = list(AccountEntry.objects.filter(pk__in=list(chosen)).select_related(*_RELATED))
    if not entries:
        return []
    sums = _sums_until(account, entries[0])
    requests = _find_requests(account, entries)
    lines = []
    for entry in entries:
        is_reversed = hasattr(entry, "reversal")
        lines.append(LedgerLine(entry, sums[entry.unit], is_reversed, requests.get(entry.pk)))
        sums[entry.unit] -= entry.amount
    return lines


def _sums_until(account: Account, newest: AccountEntry) -> dict[str, Decimal]:
    """The sums by unit of all entries up to and with this one."""
    until = Q(created_at__lt=newest.created_at) | Q(created_at=newest.created_at, pk__lte=newest.pk)
    sums = list_entries(account).filter(until).order_by().values_list("unit")
    return dict(sums.annotate(total=Sum("amount")))


def _find_requests(account: Account, entries: list[AccountEntry]) -> dict[int, PaymentRequest]:
    """By entry: of the bank line that it was entered for, or of the reference in its note."""
    found: dict[int, PaymentRequest] = {}
    numbers: dict[int, int] = {}
    for entry in entries:
        if entry.kind != AccountEntry.Kind.PAYMENT:
            continue
        bank_line = getattr(entry, "bank_line", None)
        if bank_line is not None and bank_line.line.request is not None:
            found[entry.pk] = bank_line.line.request
        elif named := _REFERENCE.fullmatch(entry.note):
            numbers[entry.pk] = int(named[1])
    if numbers:
        requests = PaymentRequest.objects.filter(
            tutor=account.tutor_id, number__in=numbers.values(), items__account=account
        )
        by_number = {request.number: request for request in requests}
        found |= {pk: by_number[n] for pk, n in numbers.items() if n in by_number}
    return found
