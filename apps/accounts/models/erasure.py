"""That a person wants their account erased, and afterwards the receipt: without a name."""

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

GRACE_PERIOD = timedelta(days=7)


class Erasure(models.Model):
    receipt = models.UUIDField(_("receipt"), unique=True, default=uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="erasures"
    )
    requested_at = models.DateTimeField(_("requested at"))
    due_at = models.DateTimeField(_("due"))
    erased_at = models.DateTimeField(_("erased"), null=True)
    removed = models.JSONField(default=dict, help_text="How many rows of each kind.")

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = (
            models.UniqueConstraint(
                name="erasure_pending_once", fields=["user"], condition=Q(erased_at=None)
            ),
            models.CheckConstraint(
                name="erasure_due_after_request", condition=Q(due_at__gte=F("requested_at"))
            ),
        )

    def __str__(self) -> str:
        return str(self.receipt)
