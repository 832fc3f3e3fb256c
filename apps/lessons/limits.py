"""Limits on the lessons that one tutor can schedule with one student.

They keep one tutor from filling a student's whole calendar. Hours are limited in the future only,
the number of lessons a day in the past as well: a calendar shows all lessons of its range.
"""

from datetime import datetime, time, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.errors import invalid
from apps.lessons.models import Lesson

MAX_LEAD_TIME = timedelta(days=5 * 366)
MAX_PER_DAY = timedelta(hours=12)
MAX_PER_WEEK = timedelta(hours=60)
MAX_NUMBER_PER_DAY = 200  # with cancelled ones


def check_limits(lesson: Lesson, now: datetime) -> None:
    """Check a lesson before it is saved, by days and weeks in the student's time zone.

    The tutor's and the student's rows must be locked. Raises `validation_error`.
    """
    day, week = _day_and_week_of(lesson.student, lesson.starts_at)
    others = list(
        Lesson.objects.filter(tutor=lesson.tutor_id, student=lesson.student_id)
        .filter(starts_at__gte=week[0], starts_at__lt=week[1])
        .exclude(Q(pk=lesson.pk) if lesson.pk else Q(pk__in=()))
        .order_by()
        .values_list("starts_at", "ends_at", "status")
    )
    if sum(day[0] <= start < day[1] for start, *_rest in others) >= MAX_NUMBER_PER_DAY:
        message = _("At most %(n)s lessons a day with one student, cancelled ones included.")
        raise invalid(starts_at=message % {"n": MAX_NUMBER_PER_DAY})
    if lesson.ends_at <= now:
        return
    if lesson.starts_at > now + MAX_LEAD_TIME:
        raise invalid(starts_at=_("A lesson can be scheduled at most five years ahead."))
    kept = [(start, end) for start, end, status in others if status != Lesson.Status.CANCELLED]
    spans = [*kept, (lesson.starts_at, lesson.ends_at)]
    if _total_duration(spans, *day) > MAX_PER_DAY:
        raise invalid(starts_at=_("At most 12 hours of lessons a day with one student."))
    if _total_duration(spans, *week) > MAX_PER_WEEK:
        raise invalid(starts_at=_("At most 60 hours of lessons a week with one student."))


Span = tuple[datetime, datetime]


def _day_and_week_of(student: User, instant: datetime) -> tuple[Span, Span]:
    today = student.to_local_time(instant).date()
    monday = today - timedelta(days=today.weekday())

    def span(first_weekday: int, days: int) -> Span:
        bounds = [monday + timedelta(days=n) for n in (first_weekday, first_weekday + days)]
        start, end = (datetime.combine(day, time(), student.zone) for day in bounds)
        return start, end

    return span(today.weekday(), 1), span(0, 7)


def _total_duration(spans: list[Span], since: datetime, until: datetime) -> timedelta:
    """Counts the full duration of each lesson that starts in [since, until)."""
    return sum((end - start for start, end in spans if since <= start < until), timedelta())
