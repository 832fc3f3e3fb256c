"""How much a tutor adds a day: rows that are never deleted must not fill the database."""

from datetime import datetime

from apps.accounts.models import User
from apps.common.errors import throttled
from apps.common.models import DailyLimit

ENTRIES = 2000
POLICIES = 50
REQUESTS = 500
BANK_LINES = 20_000


def count_use(tutor: User, what: str, limit: int, now: datetime, number: int = 1) -> None:
    """Not in a transaction, in which others would wait for it. Raises `throttled`."""
    name = f"billing-{what}:{tutor.pk}"
    if number and not DailyLimit.use(name, limit, now, number):
        raise throttled(DailyLimit.retry_after(name, now))
