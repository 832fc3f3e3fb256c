"""One reminder to one person by one channel: what is still to be sent, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.lessons.models.lesson import Lesson


class Reminder(models.Model):
    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        PUSH = "push", _("browser")
        TELEGRAM = "telegram", "Telegram"

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENT = "sent", _("sent")
        DROPPED = "dropped", _("not sent")

    class Reason(models.TextChoices):
        CANCELLED = "cancelled", _("the lesson was cancelled")
        MOVED = "moved", _("the lesson was moved")
        LEFT = "left", _("no longer takes part")
        INACTIVE = "inactive", _("the account is closed")
        SETTINGS = "settings", _("the person changed the settings")
        LATE = "late", _("it was too late")
        UNREACHABLE = "unreachable", _("the person ended this way of notification")
        REFUSED = "refused", _("the service refused it")
        UNCERTAIN = "uncertain", _("perhaps sent: the server stopped meanwhile")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reminders"
    )
    # No index of its own: the constraint's starts with it.
    lesson = models.ForeignKey(
        Lesson, on_delete=models.CASCADE, related_name="reminders", db_index=False
    )
    minutes = models.PositiveSmallIntegerField(_("minutes before"))
    starts_at = models.DateTimeField(
        _("lesson starts"), help_text="When it was queued; a lesson that moved has new reminders."
    )
    channel = models.CharField(_("by"), max_length=8, choices=Channel)
    target = models.BigIntegerField(
        default=0, help_text="The push subscription, else 0: one may be deleted, the row stays."
    )
    status = models.CharField(_("status"), max_length=7, choices=Status, default=Status.QUEUED)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claim = models.CharField(
        max_length=32, blank=True, help_text="Of the worker that is sending it."
    )
    try_at = models.DateTimeField(_("next attempt"))
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                name="reminder_once",
                fields=["lesson", "user", "minutes", "starts_at", "channel", "target"],
            ),
            models.CheckConstraint(
                name="reminder_status_known",
                condition=Q(status="queued", finished_at=None)
                | Q(status__in=["sent", "dropped"], finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="reminder_channel_known",
                condition=Q(channel="push", target__gt=0)
                | Q(channel__in=["email", "telegram"], target=0),
            ),
        )
        indexes = (
            models.Index(
                name="reminder_queued", fields=["try_at", "id"], condition=Q(status="queued")
            ),
            models.Index(name="reminder_starts", fields=["starts_at"]),
        )

    def __str__(self) -> str:
        return f"{self.minutes} min before lesson {self.lesson_id}, by {self.channel}"
