"""Who owes, and whose pack of lessons ends, in a fixed number of queries."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Sum
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.billing.models import LESSONS, Account, AccountEntry


@dataclass(slots=True)
class Row:
    account: Account
    balances: list[tuple[str, Decimal]] = field(default_factory=list)  # lessons first; not zero
    payer: str = ""

    @property
    def owes(self) -> bool:
        return any(amount < 0 for _unit, amount in self.balances)

    @property
    def lessons(self) -> Decimal | None:
        return next((amount for unit, amount in self.balances if unit == LESSONS), None)

    @property
    def is_ending(self) -> bool:
        """At most one lesson of the packs is left."""
        return self.lessons is not None and 0 < self.lessons <= 1


def list_overview(tutor: User) -> list[Row]:
    """Those who owe first, then those whose pack ends, then the others by name."""
    accounts = Account.objects.filter(tutor=tutor, merged_into=None)
    people = accounts.select_related("student", "paid_by__payer").order_by(
        "student__sort_key", "pk"
    )
    rows = {account.pk: Row(account, payer=_payer_name(account)) for account in people}
    owner = Coalesce("account__merged_into", "account")
    sums = AccountEntry.objects.filter(account__tutor=tutor).order_by()
    for pk, unit, amount in sums.values_list(owner, "unit").annotate(total=Sum("amount")):
        if amount and pk in rows:
            rows[pk].balances.append((unit, amount))
    for row in rows.values():
        row.balances.sort(key=lambda each: (each[0] != LESSONS, each[0]))
    return sorted(rows.values(), key=lambda row: (not row.owes, not row.is_ending))


def _payer_name(account: Account) -> str:
    paid_by = getattr(account, "paid_by", None)
    return paid_by.payer.name if paid_by else ""
