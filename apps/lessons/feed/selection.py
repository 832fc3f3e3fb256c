"""The lessons of a feed, and a digest of all that its content depends on.

Days begin at midnight UTC, so that the digest stays the same through a day without changes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Case, Q, When
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.common.db import select_rows
from apps.common.etags import compute_version
from apps.lessons.models import Lesson, Participant
from apps.lessons.models.lesson import LessonQuerySet

PAST = timedelta(days=92)
CANCELLED_FOR = timedelta(days=60)
FORMAT = 1  # raise it when the content of feeds changes otherwise than by their lessons


@dataclass(frozen=True, slots=True)
class FeedState:
    """`version` changes with the content; `modified_at` is when it did at the latest."""

    version: str
    modified_at: datetime


def select_lessons(reader: User, now: datetime) -> LessonQuerySet:
    """For a student, a lesson is cancelled also if only the own participation is."""
    lessons = Lesson.objects.of(reader).filter(starts_at__gt=_midnight(now) - PAST)
    is_cancelled = Q(status=Lesson.Status.CANCELLED)
    if reader.is_student:  # `of` has joined the student's own participation
        is_cancelled |= Q(participants__status__in=Participant.CANCELLED)
    lessons = lessons.annotate(
        is_off=Case(When(is_cancelled, then=True), default=False),
        cancelled_since=Coalesce("cancelled_at", "updated_at"),
    )
    recently = Q(cancelled_since__gt=_midnight(now) - CANCELLED_FOR)
    return lessons.filter(Q(is_off=False) | recently)


# By SQL, since it is all that most requests need. The conditions are those of `select_lessons`.
_SUMS = """
SELECT count(*), sum(lesson.id), sum(lesson.sequence), max(lesson.updated_at),
    max(series.updated_at)
"""
_SERIES = "LEFT JOIN lessons_lessonseries AS series ON series.id = lesson.series_id"
_RECENTLY = "OR coalesce(lesson.cancelled_at, lesson.updated_at) > %s"
_TAUGHT = f"""
{_SUMS} FROM lessons_lesson AS lesson {_SERIES}
WHERE lesson.tutor_id = %s AND lesson.starts_at > %s
AND (lesson.status <> 'cancelled' {_RECENTLY})
"""
_OWN = f"""
FROM lessons_participant AS own JOIN lessons_lesson AS lesson ON lesson.id = own.lesson_id {_SERIES}
JOIN accounts_user AS tutor ON tutor.id = lesson.tutor_id
WHERE own.student_id = %s AND own.starts_at > %s AND (
    (lesson.status <> 'cancelled' AND own.status NOT IN ('cancelled', 'late_cancelled'))
    {_RECENTLY}
)
"""
_ATTENDED = f"{_SUMS} {_OWN}"
_TUTORS = f"SELECT DISTINCT tutor.first_name, tutor.last_name {_OWN} ORDER BY 1, 2"
# A new name of somebody who has left the classrooms is in the feed from the next day on.
_STUDENTS = """
SELECT DISTINCT student.first_name, student.last_name
FROM classrooms_classroom AS classroom
JOIN classrooms_membership AS membership ON membership.classroom_id = classroom.id
JOIN accounts_user AS student ON student.id = membership.student_id
WHERE classroom.tutor_id = %s ORDER BY 1, 2
"""


def load_state(reader: User, now: datetime) -> FeedState:
    """Two queries, of which one reads no more of each lesson than its place in the sums."""
    today = _midnight(now)
    bounds = (reader.pk, today - PAST, today - CANCELLED_FOR)
    if reader.is_tutor:
        [sums], people = select_rows(_TAUGHT, *bounds), select_rows(_STUDENTS, reader.pk)
    else:
        [sums], people = select_rows(_ATTENDED, *bounds), select_rows(_TUTORS, *bounds)
    owner = (reader.pk, reader.get_full_name(), reader.locale, reader.timezone, reader.role)
    site = (settings.PUBLIC_URL, site_name())
    version = compute_version(FORMAT, site, today, owner, people, [str(value) for value in sums])
    return FeedState(version, max([today, *(_parse(at) for at in sums[-2:] if at is not None)]))


def _parse(at: datetime | str) -> datetime:
    """Of a maximum SQLite does not say that it is a time."""
    parsed = datetime.fromisoformat(at) if isinstance(at, str) else at
    return parsed.replace(tzinfo=UTC)


def site_name() -> str:
    return settings.SCHOOL_NAME or "Kreida"


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
