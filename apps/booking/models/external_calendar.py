"""Calendars that a tutor keeps elsewhere; when they are busy, nothing is offered."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

MAX_CALENDARS = 10  # of one tutor
MAX_URL = 2000
MAX_CONTENT = 5 * 1024 * 1024  # bytes of the file


class ExternalCalendar(models.Model):
    """`url` is a secret of the tutor: it is shown to nobody else and never logged."""

    class Error(models.TextChoices):
        FORBIDDEN = "forbidden", _("The address is not on the public internet.")
        UNREACHABLE = "unreachable", _("The server cannot be reached.")
        REFUSED = "refused", _("The server does not give out the calendar.")
        TOO_LARGE = "too_large", _("The calendar is too large.")
        NOT_CALENDAR = "not_calendar", _("This is not a calendar in the iCalendar format.")
        TOO_COMPLEX = "too_complex", _("The calendar has too many or too complicated events.")
        PARTLY_UNREAD = "partly_unread", _("Some events could not be read.")

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="external_calendars"
    )
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=MAX_URL, blank=True)
    content = models.BinaryField(default=b"", editable=False, help_text="The file, compressed.")
    etag = models.CharField(max_length=500, blank=True, editable=False)
    last_modified = models.CharField(max_length=100, blank=True, editable=False)
    refreshed_at = models.DateTimeField(
        _("refreshed"), null=True, help_text=_("When its server last gave it out.")
    )
    next_check_at = models.DateTimeField(null=True, editable=False)
    expanded_at = models.DateTimeField(
        null=True, editable=False, help_text="When the busy times were computed; null: again, soon."
    )
    events = models.PositiveIntegerField(_("events"), default=0)
    error = models.CharField(_("error"), max_length=20, choices=Error, blank=True)
    failures = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("external calendar")
        verbose_name_plural = _("external calendars")
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="external_calendar_error_known",
                condition=Q(
                    error__in=[
                        *("", "forbidden", "unreachable", "refused", "too_large"),
                        *("not_calendar", "too_complex", "partly_unread"),
                    ]
                ),
            ),
        )
        indexes = (
            models.Index(
                name="external_calendar_due", fields=["next_check_at"], condition=~Q(url="")
            ),
        )

    def __str__(self) -> str:
        return self.name


class BusyTime(models.Model):
    """Those of one calendar are merged, so that none overlap."""

    calendar = models.ForeignKey(
        ExternalCalendar, on_delete=models.CASCADE, related_name="busy_times", db_index=False
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="busy_time_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.UniqueConstraint(name="busy_time_once", fields=["calendar", "starts_at"]),
        )
        indexes = (models.Index(name="busy_time_ends", fields=["calendar", "ends_at"]),)

    def __str__(self) -> str:
        return f"{self.starts_at} – {self.ends_at}"
