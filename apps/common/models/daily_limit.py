"""Daily rate limits, counted in the database."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.db import delete_in_batches

DAY = timedelta(days=1)
# A day that begins later than this was written while the clock was wrong, and counts nothing.
LATEST_BEGIN = timedelta(hours=1)
_IS_TODAY = "(limits.began_at > %(began_after)s AND limits.began_at <= %(began_before)s)"
_USE = f"""
INSERT INTO common_dailylimit AS limits (name, began_at, used)
VALUES (%(name)s, %(now)s, %(number)s)
ON CONFLICT (name) DO UPDATE SET
    used = CASE WHEN {_IS_TODAY} THEN limits.used + %(number)s ELSE %(number)s END,
    began_at = CASE WHEN {_IS_TODAY} THEN limits.began_at ELSE %(now)s END
WHERE NOT {_IS_TODAY} OR limits.used <= %(limit)s - %(number)s
"""  # noqa: S608 (constants)


class DailyLimit(models.Model):
    name = models.CharField(primary_key=True, max_length=100)
    began_at = models.DateTimeField(db_index=True)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("daily limit")
        verbose_name_plural = _("daily limits")
        constraints = (
            models.CheckConstraint(name="daily_limit_not_negative", condition=Q(used__gte=0)),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.used}"

    @staticmethod
    def use(name: str, limit: int, now: datetime, number: int = 1) -> bool:
        """Count uses; return False if they are more than `limit` allows. The day starts with the
        first use.

        Safe under concurrency, because it is one statement.
        """
        if number > limit:
            return False
        day = {"now": now, "began_after": now - DAY, "began_before": now + LATEST_BEGIN}
        values = {key: connection.ops.adapt_datetimefield_value(at) for key, at in day.items()}
        with connection.cursor() as cursor:
            cursor.execute(_USE, {**values, "name": name, "number": number, "limit": limit})
            return bool(cursor.rowcount == 1)

    @staticmethod
    def lock(names: Collection[str], now: datetime) -> None:
        """Lock these limits until the transaction ends, in one order, so that two transactions
        that use several of them cannot deadlock."""
        if not connection.features.has_select_for_update:
            return  # SQLite has one writer
        unused = [DailyLimit(name=name, began_at=now) for name in sorted(names)]
        DailyLimit.objects.bulk_create(unused, ignore_conflicts=True)
        rows = DailyLimit.objects.select_for_update().filter(name__in=names)
        list(rows.order_by("name").values_list("name"))

    @staticmethod
    def delete_old(now: datetime) -> None:
        """Delete the limits whose day is over; they count nothing any more."""
        is_over = Q(began_at__lte=now - 2 * DAY) | Q(began_at__gt=now + LATEST_BEGIN)
        delete_in_batches(DailyLimit.objects.filter(is_over))

    @staticmethod
    def remaining(name: str, limit: int, now: datetime) -> int:
        row = DailyLimit.objects.filter(_is_today(now), name=name).first()
        return limit - row.used if row else limit

    @staticmethod
    def retry_after(name: str, now: datetime) -> int:
        """Return the seconds until the current day of this limit ends."""
        row = DailyLimit.objects.filter(_is_today(now), name=name).first()
        return max(1, int((row.began_at + DAY - now).total_seconds()) + 1) if row else 1


def _is_today(now: datetime) -> Q:
    return Q(began_at__gt=now - DAY, began_at__lte=now + LATEST_BEGIN)
