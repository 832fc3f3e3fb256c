"""The account of a student in one month: what was before, each entry, what is left."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, Sum

from apps.accounts.models import User
from apps.billing.accounts import list_entries, month_bounds
from apps.billing.models import LESSONS, Account, AccountEntry, ClosedMonth
from apps.common.errors import not_found
from apps.common.parsing import MAX_ID

MAX_LINES = 1000  # of a month; a PDF of as many takes two seconds
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
Kind = AccountEntry.Kind


@dataclass(frozen=True, slots=True)
class Line:
    """`balance` is what the unit's entries add up to with this one."""

    entry: AccountEntry
    at: datetime  # in the tutor's time zone
    lesson_at: datetime | None
    balance: Decimal


@dataclass(slots=True)
class Totals:
    """The sums of one unit; `other` are refunds, adjustments, expiries and the like."""

    unit: str
    opening: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    charged: Decimal = Decimal(0)
    other: Decimal = Decimal(0)

    @property
    def closing(self) -> Decimal:
        return self.opening + self.paid + self.charged + self.other


@dataclass(frozen=True, slots=True)
class Statement:
    account: Account
    month: date
    lines: list[Line]  # the oldest first
    totals: list[Totals]  # lessons first, then currencies by name
    is_closed: bool
    lessons: dict[str, int] = field(default_factory=dict)  # by kind, without reversed ones
    is_cut: bool = False  # there are more entries than MAX_LINES

    @property
    def key(self) -> str:
        return f"{self.month:%Y-%m}"


def parse_month(text: str) -> date:
    """Raises `not_found`."""
    found = _MONTH.fullmatch(text)
    if not found:
        raise not_found()
    return date(int(found[1]), int(found[2]), 1)


def access_account(user: User, account_id: int) -> Account:
    """For the account's tutor and student. Raises `not_found`."""
    accounts = Account.objects.filter(Q(tutor=user) | Q(student=user), merged_into=None)
    found = accounts.filter(pk=min(account_id, MAX_ID)).select_related("tutor", "student").first()
    if found is None:
        raise not_found()
    return found


def build_statement(account: Account, month: date) -> Statement:
    start, _end = month_bounds(account.tutor, month)
    before = list_entries(account).filter(created_at__lt=start).order_by().values_list("unit")
    totals = {unit: Totals(unit, opening) for unit, opening in before.annotate(Sum("amount"))}
    entries = list_entries(account, month).order_by("created_at", "pk")
    found = list(entries.select_related("lesson", "reverses")[: MAX_LINES + 1])
    lines = _add_up(account, found[:MAX_LINES], totals)
    return Statement(
        account,
        month.replace(day=1),
        lines,
        [
            each
            for each in sorted(totals.values(), key=lambda one: (one.unit != LESSONS, one.unit))
            if each.opening or any(line.entry.unit == each.unit for line in lines)
        ],
        ClosedMonth.objects.filter(tutor=account.tutor, month=month.replace(day=1)).exists(),
        _count_lessons(found),
        is_cut=len(found) > MAX_LINES,
    )


def _add_up(
    account: Account, entries: Iterable[AccountEntry], totals: dict[str, Totals]
) -> list[Line]:
    tutor, lines = account.tutor, []
    for entry in entries:
        sums = totals.setdefault(entry.unit, Totals(entry.unit))
        kind = entry.reverses.kind if entry.reverses else entry.kind  # it takes that back
        if kind in (Kind.PAYMENT, Kind.PACK):
            sums.paid += entry.amount
        elif kind in AccountEntry.CHARGES:
            sums.charged += entry.amount
        else:
            sums.other += entry.amount
        lesson_at = tutor.to_local_time(entry.lesson.starts_at) if entry.lesson else None
        at = tutor.to_local_time(entry.created_at)
        lines.append(Line(entry, at, lesson_at, sums.closing))
    return lines


def _count_lessons(entries: list[AccountEntry]) -> dict[str, int]:
    reversed_ids = {entry.reverses_id for entry in entries}
    counts: defaultdict[str, int] = defaultdict(int)
    for entry in entries:
        if entry.is_charge and entry.pk not in reversed_ids:
            counts[entry.kind] += 1
    return dict(counts)
