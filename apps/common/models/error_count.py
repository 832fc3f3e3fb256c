"""How many errors were logged in each hour, for the administrator; the log has what they were."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

KEPT = timedelta(days=7)


class ErrorCount(models.Model):
    hour = models.DateTimeField()
    logger = models.CharField(max_length=100)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("error count")
        verbose_name_plural = _("error counts")
        constraints = (
            models.UniqueConstraint(fields=["hour", "logger"], name="error_count_once_per_hour"),
        )

    def __str__(self) -> str:
        return f"{self.logger}: {self.count}"

    @staticmethod
    def add(found: Mapping[str, int], now: datetime) -> None:
        hour = now.replace(minute=0, second=0, microsecond=0)
        with transaction.atomic():
            rows = [ErrorCount(hour=hour, logger=logger[:100]) for logger in sorted(found)]
            ErrorCount.objects.bulk_create(rows, ignore_conflicts=True)
            for logger, number in sorted(found.items()):
                row = ErrorCount.objects.filter(hour=hour, logger=logger[:100])
                row.update(count=F("count") + number)

    @staticmethod
    def in_last_day(now: datetime) -> int:
        recent = ErrorCount.objects.filter(hour__gt=now - timedelta(days=1))
        return int(recent.aggregate(found=Sum("count"))["found"] or 0)

    @staticmethod
    def delete_old(now: datetime) -> None:
        ErrorCount.objects.filter(hour__lt=now - KEPT).delete()
