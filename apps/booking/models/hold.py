"""A slot that a student has chosen and not booked yet."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

HOLD_FOR = timedelta(minutes=10)


class SlotHold(models.Model):
    """Offered to nobody else until it expires. A student holds one slot of a tutor at a time.

    Those of one tutor never overlap, not even expired ones, which are therefore deleted before
    another is stored; for the constraint see apps/booking/hold_overlap.py.
    """

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="slot_holds"
    )
    lesson = models.ForeignKey(
        "lessons.Lesson",
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        help_text="The lesson that is to be moved there; null for a new one.",
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name = _("held slot")
        verbose_name_plural = _("held slots")
        constraints = (
            models.CheckConstraint(
                name="slot_hold_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.UniqueConstraint(name="slot_hold_once_per_student", fields=["tutor", "student"]),
        )
        indexes = (models.Index(name="slot_hold_expires", fields=["expires_at"]),)

    def __str__(self) -> str:
        return f"{self.starts_at} – {self.ends_at}"
