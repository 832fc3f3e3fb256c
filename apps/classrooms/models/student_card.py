"""A tutor's private contacts and note about one student."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_PHONE = 40
MAX_GUARDIAN = 200
MAX_LEVEL = 100
MAX_NOTE = 5000


class StudentCard(models.Model):
    """The student's name and e-mail are in the account, which a placeholder has too."""

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="student_cards"
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="cards"
    )
    phone = models.CharField(_("phone"), max_length=MAX_PHONE, blank=True)
    guardian_name = models.CharField(_("parent’s name"), max_length=MAX_GUARDIAN, blank=True)
    guardian_phone = models.CharField(_("parent’s phone"), max_length=MAX_PHONE, blank=True)
    level = models.CharField(_("level"), max_length=MAX_LEVEL, blank=True)
    note = models.TextField(_("private note"), max_length=MAX_NOTE, blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True, editable=False)
    idempotency_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("student card")
        verbose_name_plural = _("student cards")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                name="student_card_once_per_tutor", fields=["tutor", "student"]
            ),
            models.UniqueConstraint(
                name="student_card_once_per_idempotency_key", fields=["tutor", "idempotency_key"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.student_id} of {self.tutor_id}"


CONTACT_FIELDS = ("phone", "guardian_name", "guardian_phone", "level", "note")
