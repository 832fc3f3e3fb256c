"""A tutor's cancellation policy, and the acceptance of it by a student."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MAX_NOTICE = 20160  # minutes: two weeks


class NoFault(models.TextChoices):
    """Reasons for which a student may cancel at any time without being charged."""

    ILLNESS = "illness", _("illness")
    POWER_CUT = "power_cut", _("power cut")
    AIR_ALERT = "air_alert", _("air alert")
    OTHER = "other", _("another serious reason")


class CancellationPolicy(models.Model):
    """One version of it. A lesson keeps the version in force when it was booked, so versions are
    only added; triggers refuse everything else (see apps/billing/append_only.py)."""

    FIELDS: ClassVar = (
        "students_may_cancel",
        "free_until_minutes",
        "late_charge_percent",
        "no_show_charge_percent",
        "free_late_cancellations",
        "free_late_period_days",
        "no_fault_reasons",
    )

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="cancellation_policies",
        db_index=False,  # its unique constraint starts with it
    )
    created_at = models.DateTimeField(default=timezone.now)
    # The defaults are those of a tutor without a policy: students ask the tutor to cancel.
    students_may_cancel = models.BooleanField(default=False)
    free_until_minutes = models.PositiveIntegerField(default=1440)
    late_charge_percent = models.PositiveSmallIntegerField(default=100)
    no_show_charge_percent = models.PositiveSmallIntegerField(default=100)
    free_late_cancellations = models.PositiveSmallIntegerField(default=0)
    free_late_period_days = models.PositiveSmallIntegerField(default=30)
    no_fault_reasons = models.JSONField(default=list)

    class Meta:
        verbose_name = _("cancellation policy")
        verbose_name_plural = _("cancellation policies")
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                name="cancellation_policy_version", fields=["tutor", "created_at"]
            ),
            models.CheckConstraint(
                name="cancellation_policy_in_bounds",
                condition=Q(
                    free_until_minutes__lte=MAX_NOTICE,
                    late_charge_percent__lte=100,
                    no_show_charge_percent__lte=100,
                    free_late_cancellations__lte=10,
                    free_late_period_days__gte=1,
                    free_late_period_days__lte=365,
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.tutor_id} at {self.created_at:%Y-%m-%d %H:%M} UTC"


class PolicyAcceptance(models.Model):
    """A student has read a version of the policy and accepted it."""

    policy = models.ForeignKey(
        CancellationPolicy, on_delete=models.PROTECT, related_name="acceptances", db_index=False
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    accepted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("acceptance of a cancellation policy")
        verbose_name_plural = _("acceptances of cancellation policies")
        constraints = (
            models.UniqueConstraint(name="policy_accepted_once", fields=["policy", "student"]),
        )

    def __str__(self) -> str:
        return f"{self.student_id}: {self.policy_id}"
