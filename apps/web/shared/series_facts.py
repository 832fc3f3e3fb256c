"""The rule of a lesson's series and its changes of local time, for the pages of both."""

from datetime import datetime
from typing import NamedTuple

from apps.accounts.models import User
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.series.zone_differences import describe_zone_changes, find_local_time_changes
from apps.web.shared.rule_words import describe_series

MAX_LESSONS = 60  # ahead, in which changes of local time are looked for


class SeriesFacts(NamedTuple):
    id: int
    rule: str
    zone_changes: list[str]


def find_series_facts(lesson: Lesson, reader: User, now: datetime) -> SeriesFacts | None:
    """None for a lesson by itself; else three queries."""
    series = lesson.series
    if series is None:
        return None
    changes = list_zone_changes(series, reader, now)
    return SeriesFacts(series.pk, describe_series(series), changes)


def list_zone_changes(series: LessonSeries, reader: User, now: datetime) -> list[str]:
    """The coming changes of a student's local time in words: for the tutor everybody's, for a
    student their own."""
    lessons = series.lessons.not_cancelled().filter(original_starts_at__gte=now)
    starts = lessons.order_by("original_starts_at").values_list("original_starts_at", flat=True)
    if reader.is_tutor:
        students = [member.student for member in series.members.select_related("student")]
    else:
        students = [reader]
    changes = find_local_time_changes(
        [start for start in starts[:MAX_LESSONS] if start], series.recurrence.zone, students
    )
    return describe_zone_changes(changes, reader)
