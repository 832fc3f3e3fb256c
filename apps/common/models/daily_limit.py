"""Daily rate limits, counted in the database."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.common.db import delete_in_batches

DAY = timedelta(days=1)
# A day that begins later than this was written while the clock was wrong, and counts nothing.
LATEST_BEGIN = timedelta(hours=1)


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

        Safe under concurrency, because each step is one conditional update.
        """
        DailyLimit.objects.bulk_create([DailyLimit(name=name, began_at=now)], ignore_conflicts=True)
        row = DailyLimit.objects.filter(name=name)
        if row.exclude(_is_today(now)).update(began_at=now, used=number):
            return limit >= number
        return row.filter(used__lte=limit - number).update(used=F("used") + number) == 1

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
