"""What a lesson costs: a lesson of a pack, or money by the rate."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from apps.billing.balances import PackState, get_lessons_without_pack, list_packs
from apps.billing.models import LESSONS, Account, AccountEntry, Pack, Rate
from apps.billing.models.amount import CENT

_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Price:
    unit: str
    amount: Decimal
    pack: Pack | None = None


@dataclass(slots=True)
class PriceList:
    """The packs and the rate of an account that is locked. `loose` are lessons outside of packs,
    which an adjustment gave or which are owed; None if there never were any."""

    zone: ZoneInfo
    packs: list[PackState]
    loose: Decimal | None
    rate: Rate | None

    def take(self, percent: int, starts_at: datetime, ends_at: datetime) -> Price | None:
        """Take a lesson from the pack that expires first, else charge the rate, else write up that
        a lesson is owed. None where there is neither, or the rate is nothing."""
        needed = round_amount(Decimal(percent) / 100)
        day = starts_at.astimezone(self.zone).date()
        for state in self.packs:
            if state.may_be_used(day) and state.left >= needed:
                state.left -= needed
                return Price(LESSONS, needed, state.pack)
        if self.loose is not None and self.loose >= needed:
            self.loose -= needed
            return Price(LESSONS, needed)
        if self.rate is not None:
            amount = charge_of_rate(self.rate, percent, ends_at - starts_at)
            return Price(self.rate.currency, amount) if amount else None
        if not self.packs and self.loose is None:
            return None
        self.loose = (self.loose or Decimal(0)) - needed
        return Price(LESSONS, needed)

    def give_back(self, entry: AccountEntry) -> None:
        """A charge was reversed."""
        if entry.unit != LESSONS:
            return
        for state in self.packs:
            if state.pack.pk == entry.pack_id:
                state.left -= entry.amount
        if entry.pack_id is None:
            self.loose = (self.loose or Decimal(0)) - entry.amount


def load_prices(account: Account) -> PriceList:
    return PriceList(
        zone=account.tutor.zone,
        packs=list_packs(account),
        loose=get_lessons_without_pack(account),
        rate=get_rate(account),
    )


def get_rate(account: Account) -> Rate | None:
    """The one in force."""
    return Rate.objects.filter(account=account).order_by("-pk").first()


def charge_of_rate(rate: Rate, percent: int, duration: timedelta) -> Decimal:
    """A rate per hour is charged by the planned length. Rounded once, half a cent up."""
    amount = rate.amount * percent / 100
    if rate.per == Rate.Per.HOUR:
        amount = rate.amount * percent * int(duration.total_seconds()) / (100 * _HOUR)
    return round_amount(amount)


def round_amount(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
