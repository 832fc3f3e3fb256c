"""The identity of lessons in other calendars, in the feed and in mail.

A UID outlives changes of the lesson, of PUBLIC_URL and of SECRET_KEY: see ADR 22.
"""

from datetime import datetime

from apps.common.models import Installation
from apps.lessons.models import Lesson, LessonSeries


def installation_id() -> str:
    """Made once and stored; one query."""
    return str(Installation.get_uuid())


def uid_of(lesson: Lesson, installation: str) -> str:
    """Of an occurrence of a series the series' UID: RECURRENCE-ID tells it from the others."""
    if lesson.series_id is not None:
        return series_uid(lesson.series_id, installation)
    return f"lesson-{lesson.pk}@{installation}"


def series_uid(series_id: int, installation: str) -> str:
    return f"series-{series_id}@{installation}"


def sequence_of(series: LessonSeries, changed_at: datetime) -> int:
    """SEQUENCE of a series or of an occurrence that changed then: seconds since it was made.

    The two have to be comparable, so counting each one's changes does not do: a program that knows
    the series by a high number would ignore the first change of an occurrence.
    """
    return max(0, int((changed_at - series.created_at).total_seconds()))
