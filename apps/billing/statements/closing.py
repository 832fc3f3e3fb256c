"""Closing a month: its statements do not change any more."""

from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.accounts import month_bounds
from apps.billing.models import ClosedMonth
from apps.common.errors import invalid

# Longer than any transaction: an entry of the last second must not be written after the closing.
GRACE = timedelta(hours=1)


def list_closed(tutor: User) -> QuerySet[ClosedMonth]:
    return ClosedMonth.objects.filter(tutor=tutor)


def close_month(*, tutor: User, month: date, now: datetime) -> ClosedMonth:
    """Idempotent. Raises `validation_error` for a month that is not over."""
    starts_at, ends_at = month_bounds(tutor, month)
    if now < ends_at + GRACE:
        raise invalid(month=_("A month can be closed from an hour after its end."))
    closed, _is_new = ClosedMonth.objects.get_or_create(
        tutor=tutor,
        month=month.replace(day=1),
        defaults={"starts_at": starts_at, "ends_at": ends_at, "closed_at": now},
    )
    return closed
