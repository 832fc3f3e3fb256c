"""The account of a student with a tutor, its rates and its packs of lessons."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.models.amount import AmountField

if TYPE_CHECKING:
    from apps.accounts.models import User


class Account(models.Model):
    """A student who takes a placeholder over may have two accounts with one tutor. Entries cannot
    change, so the placeholder's account is then merged: its entries count for the other one."""

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="student_accounts",
        db_index=False,  # its unique constraint starts with it
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accounts", null=True
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="merged", null=True
    )
    created_at = models.DateTimeField(default=timezone.now)
    billed_from = models.DateTimeField(
        null=True, help_text="The first rate or pack; earlier lessons are not charged."
    )
    checked_at = models.DateTimeField(null=True, help_text="When the job last charged it.")

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = (
            models.UniqueConstraint(name="account_once", fields=["tutor", "student"]),
            models.CheckConstraint(
                name="account_of_student_or_merged",
                condition=Q(student__isnull=False, merged_into=None)
                | Q(student=None, merged_into__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.student_id} with {self.tutor_id}"

    def get_student(self) -> "User":
        """Of an account that was not merged."""
        assert self.student is not None  # noqa: S101
        return self.student


class Rate(models.Model):
    """The newest one is in force; earlier ones stay, to show what was agreed."""

    class Per(models.TextChoices):
        LESSON = "lesson", _("lesson")
        HOUR = "hour", _("hour")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="rates")
    amount = AmountField()
    currency = models.CharField(max_length=3)
    per = models.CharField(max_length=6, choices=Per)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(name="rate_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(name="rate_per_known", condition=Q(per__in=["lesson", "hour"])),
        )

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} / {self.per}"


class Pack(models.Model):
    """Lessons paid in advance. How many are left is the sum of its entries."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="packs")
    lessons = models.PositiveSmallIntegerField()
    expires_on = models.DateField(
        null=True, help_text="The last day, in the tutor's time zone, on which it can be used."
    )
    frozen_on = models.DateField(
        null=True, help_text="Since then it neither expires nor is used; thawing adds the days."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("pack of lessons")
        verbose_name_plural = _("packs of lessons")
        constraints = (
            models.CheckConstraint(name="pack_has_lessons", condition=Q(lessons__gte=1)),
        )

    def __str__(self) -> str:
        return f"{self.lessons} lessons until {self.expires_on}"
