"""Appends entries to accounts."""

from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.balances import get_lessons_without_pack, list_packs
from apps.billing.errors import already_reversed
from apps.billing.models import LESSONS, Account, AccountEntry, EntryKey, Pack
from apps.common.errors import invalid
from apps.common.idempotency import Idempotency
from apps.lessons.models import Lesson

Kind = AccountEntry.Kind


def lock_account(account: Account) -> Account:
    """Serialise what reads the account and then appends; call it in a transaction, after locks of
    people and lessons."""
    return Account.objects.select_for_update(no_key=True).get(pk=account.pk)


def append_entry(
    *,
    account: Account,
    kind: str,
    unit: str,
    amount: Decimal,
    note: str = "",
    lesson: Lesson | None = None,
    created_by: User | None = None,
    expires_on: date | None = None,
    idempotency: Idempotency | None = None,
) -> AccountEntry:
    """Append a payment, pack, refund or adjustment, or return the one appended earlier with the
    same key; `expires_on` is a pack's. What a refund gives back is subtracted, whatever its sign.
    Raises `validation_error`."""
    if kind == Kind.REFUND:
        amount = -abs(amount)
    _check(kind, unit, amount, expires_on)
    with transaction.atomic():
        account = lock_account(account)
        if (earlier := _find_earlier(account, idempotency)) is not None:
            return earlier
        entry = AccountEntry(
            account=account,
            kind=kind,
            unit=unit,
            amount=amount,
            note=note,
            lesson=lesson,
            created_by=created_by,
        )
        if kind == Kind.PACK:
            debts = _find_debts(account)
            entry.pack = Pack.objects.create(
                account=account, lessons=int(amount), expires_on=expires_on
            )
        entry.save()
        if entry.pack is not None:
            start_billing(account)
            _settle(account, debts, entry.pack)
        if idempotency is not None:
            key, digest = idempotency.key, idempotency.digest
            EntryKey.objects.create(account=account, key=key, digest=digest, entry=entry)
    return entry


def _find_earlier(account: Account, idempotency: Idempotency | None) -> AccountEntry | None:
    """Of the account, which is locked."""
    if idempotency is None:
        return None
    known = EntryKey.objects.filter(account=account, key=idempotency.key)
    earlier = known.select_related("entry").first()
    if earlier is None:
        return None
    idempotency.check(earlier.digest)
    return earlier.entry


def reverse_entry(*, entry: AccountEntry, created_by: User | None, note: str = "") -> AccountEntry:
    """Append the opposite of an entry. Raises `already_reversed`, or `validation_error` for a
    reversal."""
    if entry.kind == Kind.REVERSAL:
        raise invalid(id=_("A reversal cannot be reversed. Add an adjustment instead."))
    try:
        with transaction.atomic():
            return AccountEntry.objects.create(
                account_id=entry.account_id,
                kind=Kind.REVERSAL,
                unit=entry.unit,
                amount=-entry.amount,
                lesson_id=entry.lesson_id,
                pack_id=entry.pack_id,
                note=note,
                reverses=entry,
                created_by=created_by,
            )
    except IntegrityError as exc:
        if AccountEntry.objects.filter(reverses=entry).exists():
            raise already_reversed() from exc
        raise


def start_billing(account: Account) -> None:
    """Lessons are charged from the first rate or pack on."""
    if account.billed_from is None:
        account.billed_from = timezone.now()
        account.save(update_fields=["billed_from"])


def _check(kind: str, unit: str, amount: Decimal, expires_on: date | None) -> None:
    if amount == 0 or (amount < 0 and kind in (Kind.PAYMENT, Kind.PACK)):
        raise invalid(amount=_("Must be more than zero."))
    if kind == Kind.PACK:
        if unit != LESSONS:
            raise invalid(unit=_("A pack is of lessons."))
        if amount != int(amount) or amount > 1000:
            raise invalid(amount=_("A pack has 1 to 1000 whole lessons."))
    elif expires_on is not None:
        raise invalid(expires_on=_("Only a pack expires."))


def _find_debts(account: Account) -> list[tuple[Pack | None, Decimal]]:
    """Lessons that were taken without being paid, and from packs that were reversed."""
    sources: list[tuple[Pack | None, Decimal]] = [
        (state.pack, state.left) for state in list_packs(account)
    ]
    sources.append((None, get_lessons_without_pack(account) or Decimal(0)))
    return [(pack, left) for pack, left in sources if left < 0]


def _settle(account: Account, debts: list[tuple[Pack | None, Decimal]], pack: Pack) -> None:
    """Take owed lessons from a new pack, so that what is left of the packs is the balance."""
    left = Decimal(pack.lessons)
    for source, debt in debts:
        taken = min(-debt, left)
        left -= taken
        for target, amount in ((source, taken), (pack, -taken)):
            if amount:
                AccountEntry.objects.create(
                    account=account,
                    kind=Kind.ADJUSTMENT,
                    unit=LESSONS,
                    amount=amount,
                    pack=target,
                )
