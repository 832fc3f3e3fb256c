"""Balances and packs: sums of entries, which nothing stores."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.billing.models import LESSONS, Account, AccountEntry, Pack

ZERO = Decimal("0.00")


@dataclass(slots=True)
class PackState:
    pack: Pack
    left: Decimal
    has_expired: bool

    def may_be_used(self, day: date) -> bool:
        """What has come back to a pack after it expired can be used without a time limit."""
        expires_on = None if self.has_expired else self.pack.expires_on
        in_time = expires_on is None or day <= expires_on
        return in_time and self.pack.frozen_on is None and self.left > 0

    @property
    def order(self) -> tuple[bool, date, int]:
        expires_on = None if self.has_expired else self.pack.expires_on
        return (expires_on is None, expires_on or date.max, self.pack.pk)


def account_ids(account: Account) -> list[int]:
    """With the accounts merged into it."""
    merged = Account.objects.filter(merged_into=account).values_list("pk", flat=True)
    return [account.pk, *merged]


def get_balances(account: Account) -> dict[str, Decimal]:
    """The sums by unit, lessons first, then currencies by name; also those that are zero."""
    if account.pk is None:
        return {}
    # A subquery instead of a join, with which SQLite would read every entry of every account.
    accounts = Account.objects.filter(Q(pk=account.pk) | Q(merged_into=account)).values("pk")
    sums = AccountEntry.objects.filter(account__in=accounts).order_by().values_list("unit")
    found = dict(sums.annotate(total=Sum("amount")))
    return {unit: found[unit] for unit in sorted(found, key=lambda unit: (unit != LESSONS, unit))}


def list_own_balances(student: User) -> list[tuple[Account, list[tuple[str, Decimal]]]]:
    """The student's accounts with their sums by unit, without charging what is due; two queries."""
    accounts = Account.objects.filter(student=student).select_related("tutor").order_by("pk")
    found: dict[int, tuple[Account, list[tuple[str, Decimal]]]] = {
        account.pk: (account, []) for account in accounts
    }
    if found:
        owner = Coalesce("account__merged_into", "account")
        of_accounts = Q(account__in=found) | Q(account__merged_into__in=found)
        rows = AccountEntry.objects.filter(of_accounts).order_by().values_list(owner, "unit")
        for pk, unit, amount in rows.annotate(total=Sum("amount")):
            found[pk][1].append((unit, amount))
    for _account, amounts in found.values():
        amounts.sort(key=lambda each: (each[0] != LESSONS, each[0]))
    return list(found.values())


def list_packs(account: Account) -> list[PackState]:
    """All packs in the order in which they are used."""
    if account.pk is None:
        return []
    packs = Pack.objects.filter(Q(account=account) | Q(account__merged_into=account)).annotate(
        left=Sum("entries__amount"),
        expiries=Sum("entries__amount", filter=Q(entries__kind=AccountEntry.Kind.EXPIRY)),
    )
    states = [PackState(pack, pack.left or ZERO, pack.expiries is not None) for pack in packs]
    return sorted(states, key=lambda state: state.order)


def get_left(pack: Pack) -> Decimal:
    total: Decimal | None = pack.entries.aggregate(total=Sum("amount"))["total"]
    return total or ZERO


def get_lessons_without_pack(account: Account) -> Decimal | None:
    """Lessons given or owed outside of packs; None if there never were any."""
    of_account = Q(account=account) | Q(account__merged_into=account)
    loose = AccountEntry.objects.filter(of_account, unit=LESSONS, pack=None)
    total: Decimal | None = loose.aggregate(total=Sum("amount"))["total"]
    return total
