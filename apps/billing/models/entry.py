"""The entries of accounts."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.models.account import Account, Pack
from apps.billing.models.amount import AmountField
from apps.billing.models.decision import CancellationDecision
from apps.lessons.models import Lesson

LESSONS = "lesson"
"""The unit of an amount that is not money."""


class AccountEntry(models.Model):
    """Never changed or deleted: database triggers refuse it (see apps/billing/append_only.py).

    A charge has the number 1, or the next one if the charge before it was reversed; the database
    refuses any other. So each student of a lesson is charged once, whatever runs twice.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("payment")
        PACK = "pack", _("pack of lessons")
        LESSON = "lesson", _("lesson held")
        LATE_CANCELLATION = "late_cancellation", _("cancelled late")
        NO_SHOW = "no_show", _("missed lesson")
        REFUND = "refund", _("refund")
        ADJUSTMENT = "adjustment", _("adjustment")
        EXPIRY = "expiry", _("pack expired")
        REVERSAL = "reversal", _("reversal")

    CHARGES: ClassVar = (Kind.LESSON, Kind.LATE_CANCELLATION, Kind.NO_SHOW)

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=17, choices=Kind)
    unit = models.CharField(max_length=6, help_text="`lesson` or a currency.")
    amount = AmountField()
    lesson = models.ForeignKey(
        Lesson, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    charge_number = models.PositiveSmallIntegerField(null=True)
    decision = models.ForeignKey(
        CancellationDecision, on_delete=models.PROTECT, related_name="entries", null=True
    )
    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="entries", null=True)
    note = models.CharField(max_length=500, blank=True)
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="reversal", null=True
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
        help_text="Empty where the rules made it.",
    )

    class Meta:
        verbose_name = _("account entry")
        verbose_name_plural = _("account entries")
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                name="account_entry_charge_once", fields=["account", "lesson", "charge_number"]
            ),
            models.UniqueConstraint(
                name="account_entry_pack_once", fields=["pack"], condition=Q(kind="pack")
            ),
            models.UniqueConstraint(
                name="account_entry_expiry_once", fields=["pack"], condition=Q(kind="expiry")
            ),
            models.CheckConstraint(
                name="account_entry_charge_of_lesson",
                condition=Q(
                    kind__in=["lesson", "late_cancellation", "no_show"],
                    lesson__isnull=False,
                    charge_number__gte=1,
                    amount__lt=0,
                )
                | Q(
                    kind__in=["payment", "pack", "refund", "adjustment", "expiry", "reversal"],
                    charge_number=None,
                ),
            ),
            models.CheckConstraint(
                name="account_entry_sign",
                condition=Q(kind__in=["payment", "pack"], amount__gt=0)
                | Q(kind__in=["refund", "expiry"], amount__lt=0)
                | Q(kind__in=["lesson", "late_cancellation", "no_show"], amount__lt=0)
                | (Q(kind__in=["adjustment", "reversal"]) & ~Q(amount=0)),
            ),
            models.CheckConstraint(
                name="account_entry_reversal",
                condition=Q(kind="reversal", reverses__isnull=False)
                | (~Q(kind="reversal") & Q(reverses=None)),
            ),
            models.CheckConstraint(
                name="account_entry_pack_of_lessons",
                condition=Q(pack=None) & ~Q(kind__in=["pack", "expiry"])
                | Q(pack__isnull=False, unit="lesson"),
            ),
        )
        indexes = (
            # Has all that the balance needs.
            models.Index(name="account_entry_sum", fields=["account", "unit", "amount"]),
            models.Index(name="account_entry_created", fields=["account", "created_at"]),
            models.Index(
                name="account_entry_lesson",
                fields=["lesson"],
                condition=Q(lesson__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.unit}"

    @property
    def is_charge(self) -> bool:
        return self.kind in self.CHARGES
