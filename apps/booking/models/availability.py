"""When a tutor can be booked: weekly windows, dates that differ, and rules for bookings."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.user import TimeZoneField
from apps.common.zones import DEFAULT, validate_time_zone

DAY_MINUTES = 24 * 60
MAX_WINDOWS = 100  # a week, and as many on one other date
MAX_EXCEPTIONS = 400  # dates
MAX_EXCEPTION_WINDOWS = 1000  # of all those dates
MAX_LENGTHS = 10
MAX_BUFFER = 12 * 60  # minutes
MAX_NOTICE = 60 * DAY_MINUTES  # minutes
MAX_WINDOW_DAYS = 366
DEFAULT_NOTICE = 2 * 60  # minutes
DEFAULT_WINDOW_DAYS = 30
DEFAULT_MINUTES = 60


def default_lesson_minutes() -> list[int]:
    return [DEFAULT_MINUTES]


class Availability(models.Model):
    """Written and replaced as a whole."""

    tutor = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="availability",
    )
    timezone = TimeZoneField(
        _("time zone"), max_length=64, default=DEFAULT, validators=[validate_time_zone]
    )
    lesson_minutes = models.JSONField(_("lengths of lessons"), default=default_lesson_minutes)
    buffer_minutes = models.PositiveSmallIntegerField(_("break between lessons"), default=0)
    minimum_notice_minutes = models.PositiveIntegerField(_("notice"), default=DEFAULT_NOTICE)
    booking_window_days = models.PositiveSmallIntegerField(
        _("days ahead"), default=DEFAULT_WINDOW_DAYS
    )
    requires_confirmation = models.BooleanField(_("confirm each lesson"), default=False)

    class Meta:
        verbose_name = _("availability")
        verbose_name_plural = _("availability")
        constraints = (
            models.CheckConstraint(
                name="availability_buffer_bounded", condition=Q(buffer_minutes__lte=MAX_BUFFER)
            ),
            models.CheckConstraint(
                name="availability_notice_bounded",
                condition=Q(minimum_notice_minutes__lte=MAX_NOTICE),
            ),
            models.CheckConstraint(
                name="availability_window_bounded",
                condition=Q(booking_window_days__gte=1)
                & Q(booking_window_days__lte=MAX_WINDOW_DAYS),
            ),
        )

    def __str__(self) -> str:
        return f"availability of {self.tutor_id}"

    @property
    def buffer(self) -> timedelta:
        return timedelta(minutes=self.buffer_minutes)


class AvailabilityWindow(models.Model):
    """A window of a weekday, or of a date that differs from its weekday. A check that compares
    with NULL would pass, hence the conditions on NULL.

    Minutes count on the clock from midnight; 1440 is the midnight after. A date without any window
    has one row without minutes.
    """

    availability = models.ForeignKey(
        Availability, on_delete=models.CASCADE, related_name="windows", db_index=False
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), null=True)  # 0 is Monday
    date = models.DateField(_("date"), null=True)
    starts_minute = models.PositiveSmallIntegerField(_("from"), null=True)
    ends_minute = models.PositiveSmallIntegerField(_("to"), null=True)

    class Meta:
        verbose_name = _("window of availability")
        verbose_name_plural = _("windows of availability")
        ordering = ("weekday", "date", "starts_minute")
        constraints = (
            models.CheckConstraint(
                name="availability_window_of_weekday_or_date",
                condition=Q(weekday__isnull=False, weekday__gte=0, weekday__lte=6, date=None)
                | Q(weekday=None, date__isnull=False),
            ),
            models.CheckConstraint(
                name="availability_window_within_day",
                condition=Q(
                    starts_minute__isnull=False,
                    ends_minute__isnull=False,
                    starts_minute__lt=F("ends_minute"),
                    ends_minute__lte=DAY_MINUTES,
                )
                | Q(starts_minute=None, ends_minute=None, date__isnull=False),
            ),
            models.UniqueConstraint(
                name="availability_window_once_a_weekday",
                fields=["availability", "weekday", "starts_minute"],
            ),
            models.UniqueConstraint(
                name="availability_window_once_a_date",
                fields=["availability", "date", "starts_minute"],
            ),
            models.UniqueConstraint(
                name="availability_closed_once_a_date",
                fields=["availability", "date"],
                condition=Q(starts_minute=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.weekday if self.date is None else self.date}: {self.starts_minute}"
