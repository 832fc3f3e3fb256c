"""How much of a student's coming time one tutor can take: enough for any course, and not so much
that nobody else finds an hour. Lessons of the past take nobody's time, so they are not counted."""

from datetime import datetime, time, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.errors import invalid
from apps.lessons.models import Lesson

FARTHEST = timedelta(days=5 * 366)
LONGEST_DAY = timedelta(hours=12)
LONGEST_WEEK = timedelta(hours=60)


def check_load(lesson: Lesson, now: datetime) -> None:
    """Of a lesson that is about to be stored. Days and weeks are the student's. Call it while the
    two people are locked. Raises `validation_error`."""
    if lesson.ends_at <= now:
        return
    if lesson.starts_at > now + FARTHEST:
        raise invalid(starts_at=_("A lesson is scheduled at most five years ahead."))
    day, week = _day_and_week(lesson.student, lesson.starts_at)
    others = (
        Lesson.objects.live()
        .filter(tutor=lesson.tutor_id, student=lesson.student_id)
        .filter(starts_at__gte=week[0], starts_at__lt=week[1])
        .exclude(Q(pk=lesson.pk) if lesson.pk else Q(pk__in=()))
        .order_by()
        .values_list("starts_at", "ends_at")
    )
    spans = [*others, (lesson.starts_at, lesson.ends_at)]
    if _total(spans, *day) > LONGEST_DAY:
        raise invalid(starts_at=_("At most 12 hours of lessons a day with one student."))
    if _total(spans, *week) > LONGEST_WEEK:
        raise invalid(starts_at=_("At most 60 hours of lessons a week with one student."))


Span = tuple[datetime, datetime]


def _day_and_week(student: User, at: datetime) -> tuple[Span, Span]:
    today = student.local(at).date()
    monday = today - timedelta(days=today.weekday())

    def span(first: int, days: int) -> Span:
        ends = [monday + timedelta(days=n) for n in (first, first + days)]
        start, end = (datetime.combine(day, time(), student.zone) for day in ends)
        return start, end

    return span(today.weekday(), 1), span(0, 7)


def _total(spans: list[Span], first: datetime, last: datetime) -> timedelta:
    """Of the lessons that begin in it, each with its whole length."""
    return sum((end - start for start, end in spans if first <= start < last), timedelta())
