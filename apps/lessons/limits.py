"""Limits on the lessons that one tutor can schedule with one student.

They keep one tutor from filling a student's whole calendar. Hours are limited in the future only,
the number of lessons a day in the past as well: a calendar shows all lessons of its range.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.db import placeholders, select_rows
from apps.common.errors import invalid
from apps.lessons.models import Lesson, Participant

MAX_LEAD_TIME = timedelta(days=5 * 366)
MAX_PER_DAY = timedelta(hours=12)
MAX_PER_WEEK = timedelta(hours=60)
MAX_NUMBER_PER_DAY = 200  # with cancelled ones


_STORED = """
SELECT lesson.id, participant.student_id, lesson.starts_at, lesson.ends_at, lesson.status,
    participant.status
FROM lessons_participant AS participant
JOIN lessons_lesson AS lesson ON lesson.id = participant.lesson_id
WHERE lesson.tutor_id = %s AND participant.student_id IN ({students})
    AND participant.starts_at >= %s AND participant.starts_at < %s
"""

Span = tuple[datetime, datetime]
StoredLesson = tuple[datetime, datetime, bool]  # start, end, whether it is cancelled


def check_limits(
    tutor_id: int, students: Sequence[User], lessons: Sequence[Lesson], now: datetime
) -> None:
    """Check lessons before they are saved, by days and weeks in each student's time zone.

    The tutor's and the students' rows must be locked. Raises `validation_error`.
    """
    if any(lesson.starts_at > now + MAX_LEAD_TIME for lesson in lessons):
        raise invalid(starts_at=_("A lesson can be scheduled at most five years ahead."))
    stored = _load_stored(tutor_id, students, lessons)
    for student in students:
        others = stored[student.pk]
        for lesson in lessons:
            _check_student(student, lesson, others, now)
            others.append((lesson.starts_at, lesson.ends_at, False))


def _load_stored(
    tutor_id: int, students: Sequence[User], lessons: Sequence[Lesson]
) -> dict[int, list[StoredLesson]]:
    """The tutor's lessons by student, in the weeks of `lessons` and without these."""
    weeks = [_day_and_week_of(s, one.starts_at)[1] for s in students for one in lessons]
    since, until = min(week[0] for week in weeks), max(week[1] for week in weeks)
    stored: dict[int, list[StoredLesson]] = {student.pk: [] for student in students}
    query = _STORED.format(students=placeholders(stored))
    own = {lesson.pk for lesson in lessons}
    for pk, student_id, start, end, lesson_status, status in select_rows(
        query, tutor_id, *stored, since, until
    ):
        if pk not in own:
            cancelled = lesson_status == Lesson.Status.CANCELLED or status in Participant.CANCELLED
            span = (start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
            stored[student_id].append((*span, cancelled))
    return stored


def _check_student(
    student: User, lesson: Lesson, others: list[StoredLesson], now: datetime
) -> None:
    day, week = _day_and_week_of(student, lesson.starts_at)
    if sum(day[0] <= start < day[1] for start, *_rest in others) >= MAX_NUMBER_PER_DAY:
        message = _("At most %(n)s lessons a day with one student, cancelled ones included.")
        raise invalid(starts_at=message % {"n": MAX_NUMBER_PER_DAY})
    if lesson.ends_at <= now:
        return
    kept = [(start, end) for start, end, is_cancelled in others if not is_cancelled]
    spans = [*kept, (lesson.starts_at, lesson.ends_at)]
    if _total_duration(spans, *day) > MAX_PER_DAY:
        raise invalid(starts_at=_("At most 12 hours of lessons a day with one student."))
    if _total_duration(spans, *week) > MAX_PER_WEEK:
        raise invalid(starts_at=_("At most 60 hours of lessons a week with one student."))


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
