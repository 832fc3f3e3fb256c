"""What the policy decided about a student's cancellation."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.models.policy import CancellationPolicy, NoFault
from apps.lessons.models import Lesson


class CancellationDecision(models.Model):
    """Only added, as entries are. A student who was booked again may cancel the lesson again; the
    newest decision is the one that holds."""

    class Outcome(models.TextChoices):
        FREE = "free", _("free of charge")
        CHARGED = "charged", _("charged")

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    policy = models.ForeignKey(
        CancellationPolicy, on_delete=models.PROTECT, related_name="decisions"
    )
    decided_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=7, choices=Outcome)
    charge_percent = models.PositiveSmallIntegerField()
    was_free_late = models.BooleanField(
        default=False, help_text="One of the free late cancellations was used."
    )
    no_fault = models.CharField(max_length=9, choices=NoFault, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    cancelled_lesson = models.BooleanField(
        default=False, help_text="It was the last student, so the lesson was cancelled."
    )

    class Meta:
        verbose_name = _("cancellation decision")
        verbose_name_plural = _("cancellation decisions")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="cancellation_decision_outcome",
                condition=Q(outcome="free", charge_percent=0)
                | Q(
                    outcome="charged",
                    charge_percent__gt=0,
                    charge_percent__lte=100,
                    was_free_late=False,
                    no_fault="",
                ),
            ),
        )
        indexes = (models.Index(name="decision_student_decided", fields=["student", "decided_at"]),)

    def __str__(self) -> str:
        return f"{self.student_id} in {self.lesson_id}: {self.outcome}"
