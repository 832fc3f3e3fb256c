"""Limits on the lessons that one tutor can schedule with one student.

They keep one tutor from filling a student's whole calendar. Hours are limited in the future only,
the number of lessons a day in the past as well: a calendar shows all lessons of its range.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.db import placeholders, select_rows
from apps.common.errors import invalid
from apps.lessons.models import Lesson, Participant

MAX_LEAD_TIME = timedelta(days=5 * 366)
MAX_SERIES_LEAD_TIME = timedelta(days=8 * 366)  # 400 weekly lessons
MAX_PER_DAY = timedelta(hours=12)
MAX_PER_WEEK = timedelta(hours=60)
MAX_NUMBER_PER_DAY = 200  # with cancelled ones
_WEEK_AND_DAY = timedelta(days=8)  # a week in any time zone

_STORED = """
SELECT lesson.id, participant.student_id, lesson.starts_at, lesson.ends_at, lesson.status,
    participant.status
FROM lessons_participant AS participant
JOIN lessons_lesson AS lesson ON lesson.id = participant.lesson_id
WHERE lesson.tutor_id = %s AND participant.student_id IN ({students})
    AND participant.starts_at >= %s AND participant.starts_at < %s
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """A lesson on a local date of its student; its whole duration counts on that day."""

    day: date
    duration: timedelta
    is_cancelled: bool = False


Weeks = defaultdict[date, list[Counted]]  # by their Mondays


def check_limits(
    tutor_id: int,
    students: Sequence[User],
    lessons: Sequence[Lesson],
    now: datetime,
    *,
    replaced: Collection[int] = (),
) -> None:
    """Check lessons before they are saved, by days and weeks in each student's time zone.

    The tutor's and the students' rows must be locked, unless this is a preview. `replaced` are ids
    of lessons that count as cancelled. Raises `validation_error`.
    """
    for lesson in lessons:
        _check_lead_time(lesson, now)
    zones = {student.pk: student.zone for student in students}
    stored = _load_stored(tutor_id, zones, lessons, replaced)
    for student_id, zone in zones.items():
        weeks = stored[student_id]
        for lesson in lessons:
            day = lesson.starts_at.astimezone(zone).date()
            counted = Counted(day, lesson.ends_at - lesson.starts_at)
            week = weeks[_monday(day)]
            _check_week(week, counted, is_over=lesson.ends_at <= now)
            week.append(counted)


def _check_lead_time(lesson: Lesson, now: datetime) -> None:
    if lesson.original_starts_at is None and lesson.starts_at > now + MAX_LEAD_TIME:
        raise invalid(starts_at=_("A lesson can be scheduled at most five years ahead."))
    if lesson.starts_at > now + MAX_SERIES_LEAD_TIME:
        raise invalid(starts_at=_("A lesson of a series can be at most eight years ahead."))


def _load_stored(
    tutor_id: int,
    zones: Mapping[int, ZoneInfo],
    lessons: Sequence[Lesson],
    replaced: Collection[int],
) -> dict[int, Weeks]:
    """The tutor's lessons by student and week, without `lessons`."""
    since = min(lesson.starts_at for lesson in lessons) - _WEEK_AND_DAY
    until = max(lesson.starts_at for lesson in lessons) + _WEEK_AND_DAY
    stored: dict[int, Weeks] = {student_id: defaultdict(list) for student_id in zones}
    query = _STORED.format(students=placeholders(zones))
    own = {lesson.pk for lesson in lessons}
    for pk, student_id, start, end, lesson_status, status in select_rows(
        query, tutor_id, *zones, since, until
    ):
        if pk not in own:
            cancelled = (
                lesson_status == Lesson.Status.CANCELLED
                or status in Participant.CANCELLED
                or pk in replaced
            )
            day = start.replace(tzinfo=UTC).astimezone(zones[student_id]).date()
            stored[student_id][_monday(day)].append(Counted(day, end - start, cancelled))
    return stored


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _check_week(week: Sequence[Counted], lesson: Counted, *, is_over: bool) -> None:
    """`week` are the other lessons of the student's week."""
    same_day = [other for other in week if other.day == lesson.day]
    if len(same_day) >= MAX_NUMBER_PER_DAY:
        message = _("At most %(n)s lessons a day with one student, cancelled ones included.")
        raise invalid(starts_at=message % {"n": MAX_NUMBER_PER_DAY})
    if is_over:
        return
    if _total_duration(same_day) + lesson.duration > MAX_PER_DAY:
        raise invalid(starts_at=_("At most 12 hours of lessons a day with one student."))
    if _total_duration(week) + lesson.duration > MAX_PER_WEEK:
        raise invalid(starts_at=_("At most 60 hours of lessons a week with one student."))


def _total_duration(lessons: Sequence[Counted]) -> timedelta:
    return sum((one.duration for one in lessons if not one.is_cancelled), timedelta())
