"""A lesson series: a recurrence rule that makes lessons, which are its occurrences."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.user import TimeZoneField
from apps.classrooms.models import Classroom
from apps.common.zones import find_zone, validate_time_zone
from apps.lessons.series.rules import MAX_TEXT, Recurrence, parse_rule

if TYPE_CHECKING:
    from apps.accounts.models import User


class LessonSeriesQuerySet(models.QuerySet["LessonSeries"]):
    def of(self, user: "User") -> "LessonSeriesQuerySet":
        """Series that a tutor teaches or a student attends."""
        if user.is_tutor:
            return self.filter(tutor=user)
        return self.filter(pk__in=SeriesStudent.objects.filter(student=user).values("series"))


class LessonSeries(models.Model):
    """Kept as wall-clock time in one time zone; its lessons are stored as instants, like others."""

    class BoardMode(models.TextChoices):
        CARRIED = "carried", _("carried on from the last lesson")
        FRESH = "fresh", _("empty in each lesson")

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="series_taught"
    )
    classroom = models.ForeignKey(Classroom, on_delete=models.PROTECT, related_name="series")
    students: Any = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="SeriesStudent", related_name="series_attended"
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    rrule = models.CharField(_("rule"), max_length=MAX_TEXT)
    timezone = TimeZoneField(_("time zone"), max_length=64, validators=[validate_time_zone])
    start_date = models.DateField(_("first date"))
    start_time = models.TimeField(_("starts at"))
    duration_minutes = models.PositiveSmallIntegerField(_("minutes"))
    day_shift = models.SmallIntegerField(
        default=0, help_text="Days after each date of the rule, where no rule says that."
    )
    skip_dates = models.JSONField(default=list, blank=True)
    ends_on = models.DateField(_("last date"), null=True, blank=True, help_text=_("Empty: open."))
    covered_until = models.DateField(help_text="Through this local date the lessons exist.")
    skipped = models.JSONField(
        default=list, blank=True, help_text="Starts that could not be scheduled, and why."
    )
    earlier = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        editable=False,
        help_text="The part before it, where the series was split.",
    )
    board_mode = models.CharField(
        _("board"), max_length=10, choices=BoardMode, default=BoardMode.FRESH
    )
    idempotency_key = models.CharField(max_length=255, null=True, blank=True, editable=False)
    idempotency_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(
        auto_now=True,
        db_default=Now(),
        help_text="Calendars order versions of the series by it: no lesson may leave it without.",
    )

    objects = LessonSeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("lesson series")
        verbose_name_plural = _("lesson series")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="series_lasts_5min_to_12h",
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=720),
            ),
            models.CheckConstraint(
                name="series_board_mode_known", condition=Q(board_mode__in=["carried", "fresh"])
            ),
            models.UniqueConstraint(
                name="series_once_per_idempotency_key", fields=["tutor", "idempotency_key"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.title or self.pk}: {self.rrule}"

    @property
    def zone(self) -> ZoneInfo:
        return find_zone(self.timezone)

    @property
    def is_open(self) -> bool:
        return self.ends_on is None

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.duration_minutes)

    @property
    def starts_at(self) -> datetime:
        """The first wall-clock time, without time zone."""
        first = self.start_date + timedelta(days=self.day_shift)
        return datetime.combine(first, self.start_time)

    def set_board_mode(self, mode: str) -> None:
        self.board_mode = self.BoardMode(mode)
        self.save(update_fields=["board_mode"])

    @property
    def recurrence(self) -> Recurrence:
        return Recurrence(
            rule=parse_rule(self.rrule),
            start=datetime.combine(self.start_date, self.start_time),
            zone=self.zone,
            day_shift=self.day_shift,
            skip_dates=[date.fromisoformat(day) for day in self.skip_dates],
        )


class SeriesStudent(models.Model):
    """A student whom new lessons of the series get; those that exist have participants."""

    series = models.ForeignKey(LessonSeries, on_delete=models.CASCADE, related_name="members")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="series_memberships"
    )

    class Meta:
        verbose_name = _("student of a series")
        verbose_name_plural = _("students of series")
        constraints = (
            models.UniqueConstraint(name="series_student_once", fields=["series", "student"]),
        )

    def __str__(self) -> str:
        return f"{self.student_id} in series {self.series_id}"
