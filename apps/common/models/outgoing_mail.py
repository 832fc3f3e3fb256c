"""The mail queue of earlier commits, whose processes use it beside ours (ADR 23)."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _


class OutgoingMail(models.Model):
    sender = models.CharField(max_length=998)
    recipients = models.JSONField()
    content = models.BinaryField(help_text="The whole message as RFC 5322 has it.")
    created_at = models.DateTimeField(db_index=True)
    try_at = models.DateTimeField(db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    unconfirmed = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts whose end nobody wrote down: the process died in them."
    )

    class Meta:
        verbose_name = _("queued message")
        verbose_name_plural = _("queued messages")

    def __str__(self) -> str:
        return f"mail {self.pk}"

    def claim(self, until: datetime) -> bool:
        """Return True if this caller alone may send the mail until then."""
        return self._update(
            try_at=until, attempts=F("attempts") + 1, unconfirmed=F("unconfirmed") + 1
        )

    def reschedule(self, claimed_until: datetime, try_at: datetime) -> bool:
        """Return a claimed message to the queue after an attempt that failed."""
        self.try_at = claimed_until
        return self._update(try_at=try_at, unconfirmed=F("unconfirmed") - 1)

    def _update(self, **changes: Any) -> bool:
        mine = OutgoingMail.objects.filter(pk=self.pk, try_at=self.try_at)
        return mine.update(**changes) == 1
