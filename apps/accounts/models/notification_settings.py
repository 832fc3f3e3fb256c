"""How a person wants to be reminded of lessons; somebody without a row has the defaults."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

DEFAULT_REMINDERS = (1440, 60)  # minutes before a lesson
MIN_REMINDER, MAX_REMINDER = 5, 14 * 24 * 60  # minutes
MAX_REMINDERS = 5


class NotificationSettings(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="notification_settings",
    )
    email = models.BooleanField(default=True, help_text="Whether reminders are mailed.")
    quiet_from = models.TimeField(null=True, help_text="In the person's time zone.")
    quiet_to = models.TimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("notification settings")
        verbose_name_plural = _("notification settings")
        constraints = (
            models.CheckConstraint(
                name="notification_quiet_hours_both_or_none",
                condition=Q(quiet_from=None, quiet_to=None)
                | (
                    Q(quiet_from__isnull=False, quiet_to__isnull=False)
                    & ~Q(quiet_from=F("quiet_to"))
                ),
            ),
        )

    def __str__(self) -> str:
        return f"notification settings of {self.user_id}"


class ReminderTime(models.Model):
    """One of the times before a lesson at which a person is reminded."""

    owner = models.ForeignKey(
        NotificationSettings,
        on_delete=models.CASCADE,
        related_name="reminder_times",
        db_index=False,
    )
    position = models.PositiveSmallIntegerField(help_text="From 0; bounds their number.")
    minutes = models.PositiveSmallIntegerField(help_text="Before the lesson.")

    class Meta:
        verbose_name = _("reminder time")
        verbose_name_plural = _("reminder times")
        ordering = ("owner", "position")
        constraints = (
            models.UniqueConstraint(name="reminder_time_once", fields=["owner", "minutes"]),
            models.UniqueConstraint(name="reminder_time_position", fields=["owner", "position"]),
            models.CheckConstraint(
                name="reminder_times_at_most_5", condition=Q(position__lt=MAX_REMINDERS)
            ),
            models.CheckConstraint(
                name="reminder_time_5min_to_14d",
                condition=Q(minutes__gte=MIN_REMINDER, minutes__lte=MAX_REMINDER),
            ),
        )
        indexes = (models.Index(name="reminder_time_minutes", fields=["minutes"]),)

    def __str__(self) -> str:
        return f"{self.minutes} min"
