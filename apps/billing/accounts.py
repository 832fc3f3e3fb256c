"""Accounts of students with tutors: who may read one, and what is in it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.billing.balances import get_balances, list_packs
from apps.billing.charges import charge_due
from apps.billing.ledger import lock_account, start_billing
from apps.billing.models import Account, AccountEntry, Pack, Rate
from apps.billing.packs import expire_packs
from apps.billing.prices import get_rate
from apps.common.parsing import midnight


def get_account(tutor: User, student: User) -> Account:
    """Return the account, which is made when it is needed first."""
    account, _is_new = Account.objects.get_or_create(tutor=tutor, student=student)
    return account


def find_account(tutor: User, student: User) -> Account:
    """As `get_account`, but one that is not stored if there is none."""
    accounts = Account.objects.select_related("tutor", "student")
    found = accounts.filter(tutor=tutor, student=student).first()
    return found or Account(tutor=tutor, student=student)


def update_account(account: Account, now: datetime) -> None:
    """Charge what is due and let packs expire, so that the account can be read."""
    if account.pk is not None:
        charge_due([account], now)
        expire_packs(account, now)


def list_entries(account: Account, month: date | None = None) -> QuerySet[AccountEntry]:
    """The newest first; `month` is any day of a month in the tutor's time zone."""
    accounts = Account.objects.filter(Q(pk=account.pk) | Q(merged_into=account.pk)).values("pk")
    entries = AccountEntry.objects.filter(account__in=accounts)
    if month is None:
        return entries
    start, end = month_bounds(account.tutor, month)
    return entries.filter(created_at__gte=start, created_at__lt=end)


def month_bounds(tutor: User, month: date) -> tuple[datetime, datetime]:
    first = month.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return midnight(first, tutor.zone), midnight(following, tutor.zone)


def set_rate(*, account: Account, amount: Decimal, currency: str, per: str, now: datetime) -> Rate:
    """Lessons that are due already are charged by the rate before."""
    with transaction.atomic():
        charge_due([account], now)
        account = lock_account(account)
        rate = get_rate(account)
        if rate is not None and (rate.amount, rate.currency, rate.per) == (amount, currency, per):
            return rate
        start_billing(account)
        return Rate.objects.create(account=account, amount=amount, currency=currency, per=per)


def account_json(account: Account) -> dict[str, Any]:
    states = list_packs(account)
    unused = [state for state in states if state.left > 0]
    rate = get_rate(account) if account.pk is not None else None
    return {
        "student_id": account.student_id,
        "tutor_id": account.tutor_id,
        "balances": [
            {"unit": unit, "amount": f"{amount:.2f}"}
            for unit, amount in get_balances(account).items()
        ],
        "rate": rate_json(rate) if rate else None,
        "packs": [pack_json(state.pack, state.left) for state in unused or states[-1:]],
    }


def pack_json(pack: Pack, left: Decimal) -> dict[str, Any]:
    return {
        "id": pack.pk,
        "lessons": pack.lessons,
        "left": to_number(left),
        "expires_on": pack.expires_on,
        "frozen_on": pack.frozen_on,
    }


def rate_json(rate: Rate) -> dict[str, Any]:
    return {"amount": f"{rate.amount:.2f}", "currency": rate.currency, "per": rate.per}


def entry_json(entry: AccountEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "created_at": entry.created_at,
        "kind": entry.kind,
        "unit": entry.unit,
        "amount": f"{entry.amount:.2f}",
        "lesson_id": entry.lesson_id,
        "note": entry.note,
        "reverses_id": entry.reverses_id,
    }


def to_number(lessons: Decimal) -> int | float:
    """Half a lesson is a fraction, everything else a whole number."""
    return int(lessons) if lessons == int(lessons) else float(lessons)
