"""Expiry and freezing of packs of lessons."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from apps.billing.balances import list_packs
from apps.billing.charges import charge_due
from apps.billing.ledger import lock_account
from apps.billing.models import LESSONS, Account, AccountEntry, Pack
from apps.common.errors import invalid


def expire_packs(account: Account, now: datetime) -> int:
    """Take what is left of packs whose last day is over; charge what is due before."""
    today = account.tutor.to_local_time(now).date()
    due = Pack.objects.filter(account=account, expires_on__lt=today, frozen_on=None)
    if not due.exclude(entries__kind=AccountEntry.Kind.EXPIRY).exists():
        return 0
    expired = 0
    with transaction.atomic():
        account = lock_account(account)
        for state in list_packs(account):
            pack = state.pack
            is_over = pack.expires_on is not None and pack.expires_on < today
            if is_over and pack.frozen_on is None and not state.has_expired and state.left > 0:
                AccountEntry.objects.create(
                    account=account,
                    kind=AccountEntry.Kind.EXPIRY,
                    unit=LESSONS,
                    amount=-state.left,
                    pack=pack,
                )
                expired += 1
    return expired


def expire_all(now: datetime) -> int:
    """The periodic job; a day later in no zone is the date still the same."""
    day = (now + timedelta(days=1)).date()
    over = Pack.objects.filter(expires_on__lt=day, frozen_on=None)
    over = over.exclude(entries__kind=AccountEntry.Kind.EXPIRY)
    accounts = Account.objects.filter(pk__in=over.order_by().values("account")).distinct()
    return sum(expire_packs(account, now) for account in accounts.select_related("tutor"))


def freeze_pack(*, pack: Pack, now: datetime) -> None:
    """Nothing is taken from a frozen pack, and it does not expire. Lessons that are due already
    are charged before. Raises `validation_error`, also for a pack that has expired."""
    today = pack.account.tutor.to_local_time(now).date()
    if pack.expires_on is not None and pack.expires_on < today:
        raise invalid(id=_("This pack has expired."))
    charge_due([pack.account], now)
    if not Pack.objects.filter(pk=pack.pk, frozen_on=None).update(frozen_on=today):
        raise invalid(id=_("This pack is frozen already."))


def thaw_pack(*, pack: Pack, now: datetime) -> None:
    """Let the pack expire later by the days for which it was frozen. What became due meanwhile is
    charged without it before. Raises `validation_error`."""
    today = pack.account.tutor.to_local_time(now).date()
    charge_due([pack.account], now)
    with transaction.atomic():
        lock_account(pack.account)
        pack.refresh_from_db()
        if pack.frozen_on is None:
            raise invalid(id=_("This pack is not frozen."))
        if pack.expires_on is not None:
            pack.expires_on += today - pack.frozen_on
        pack.frozen_on = None
        pack.save(update_fields=["expires_on", "frozen_on"])
