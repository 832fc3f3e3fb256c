"""E-mail that waits to be sent, and what became of it.

The content may hold reset links, so that it is deleted as soon as the message was sent; the rest
stays for the administrator (apps/common/mail_history.py).
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

MAX_AGE = timedelta(days=5)  # as mail servers do (RFC 5321 §4.5.4.1)


class MailMessage(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")
        UNCERTAIN = "uncertain", _("perhaps sent")
        DROPPED = "dropped", _("no longer needed")

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("account")
        INVITATION = "invitation", _("invitation")
        CLASSROOM = "classroom", _("classroom")
        LESSON = "lesson", _("lesson")
        REMINDER = "reminder", _("reminder")
        TIME_ZONE = "time_zone", _("time zone")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.ACCOUNT)
    sender = models.CharField(max_length=998)
    recipient = models.CharField(
        _("recipient"), max_length=320, blank=True, help_text="Empty: it is never sent."
    )
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    content = models.BinaryField(null=True, help_text="The whole message as RFC 5322 has it.")
    payload = models.JSONField(null=True, help_text="What the content is written from, later.")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    dedupe_key = models.CharField(max_length=200, null=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_index=True)
    try_at = models.DateTimeField(_("next attempt"))
    expires_at = models.DateTimeField(_("of no use from"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("e-mail message")
        verbose_name_plural = _("e-mail messages")
        ordering = ("-created_at", "-pk")
        indexes = (models.Index(fields=["state", "try_at"], name="mail_due"),)
        constraints = (
            models.UniqueConstraint(fields=["dedupe_key"], name="mail_once_per_dedupe_key"),
            models.CheckConstraint(
                name="mail_state_known",
                condition=Q(
                    state__in=["waiting", "sending", "sent", "failed", "uncertain", "dropped"]
                ),
            ),
            models.CheckConstraint(
                name="mail_has_content_until_sent",
                condition=~Q(state__in=["waiting", "sending"])
                | Q(content__isnull=False)
                | Q(payload__isnull=False),
            ),
            models.CheckConstraint(
                name="mail_has_no_content_once_sent",
                condition=~Q(state__in=["sent", "dropped"])
                | Q(content__isnull=True, payload__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.subject or f"mail {self.pk}"

    def claim(self, until: datetime) -> bool:
        """Return True if this caller alone may prepare to send the message until then."""
        return self._update(self.State.WAITING, try_at=until, attempts=F("attempts") + 1)

    def begin_sending(self, until: datetime) -> bool:
        """Return True if this caller, who claimed the message, alone may hand it to the server.

        If nobody writes down the outcome until then, it is uncertain."""
        return self._update(
            self.State.WAITING,
            state=self.State.SENDING,
            try_at=until,
            recipient=self.recipient,
            subject=self.subject,
        )

    def return_to_queue(self, try_at: datetime, reason: str) -> bool:
        return self._update(self.state, state=self.State.WAITING, try_at=try_at, reason=reason)

    def finish(self, state: str, now: datetime, reason: str = "") -> None:
        """Write the outcome down, also where it has been called uncertain in the meantime."""
        changes: dict[str, Any] = {"state": state, "finished_at": now, "reason": reason}
        if state in (self.State.SENT, self.State.DROPPED):
            changes |= {"content": None, "payload": None}
        mine = Q(state=self.state, try_at=self.try_at) | Q(state=self.State.UNCERTAIN)
        MailMessage.objects.filter(mine, pk=self.pk).update(**changes)

    def queue_again(self, now: datetime) -> bool:
        """Return True if the message, which was not sent or perhaps sent, is queued once more."""
        ended = MailMessage.objects.filter(state__in=[self.State.FAILED, self.State.UNCERTAIN])
        with_content = Q(content__isnull=False) | Q(payload__isnull=False)
        changes = {"state": self.State.WAITING, "try_at": now, "finished_at": None}
        again = ended.filter(with_content, pk=self.pk)
        return again.update(**changes, expires_at=now + MAX_AGE) == 1

    def _update(self, current: str, /, **changes: Any) -> bool:
        mine = MailMessage.objects.filter(pk=self.pk, state=current, try_at=self.try_at)
        if mine.update(**changes) != 1:
            return False
        self.state = changes.get("state", self.state)
        self.try_at = changes["try_at"]
        return True
