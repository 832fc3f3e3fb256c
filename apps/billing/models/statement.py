"""Closed months, and warnings about packs."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.models.account import Pack


class ClosedMonth(models.Model):
    """No entry is dated into it any more: a database trigger refuses it (apps/billing/closing.py).

    The instants are those of the tutor's time zone when the month was closed.
    """

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="closed_months",
        db_index=False,
    )
    month = models.DateField(help_text="Its first day.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        ordering = ("-month",)
        constraints = (
            models.UniqueConstraint(name="month_closed_once", fields=["tutor", "month"]),
            models.CheckConstraint(
                name="month_closed_after_its_end",
                condition=Q(starts_at__lt=F("ends_at"), closed_at__gte=F("ends_at")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class PackWarning(models.Model):
    """That the last lesson of a pack comes was told to tutor and student."""

    pack = models.OneToOneField(Pack, on_delete=models.CASCADE, related_name="warning")
    warned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("warning about a pack")
        verbose_name_plural = _("warnings about packs")

    def __str__(self) -> str:
        return str(self.pack_id)
