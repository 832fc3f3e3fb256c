"""The link by which a single lesson is repeated as a series."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from apps.accounts.models import User
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, may

_WEEK = timedelta(days=7)


def repeat_query(lesson: Lesson, reader: User, now: datetime) -> str:
    """The query string of the form of a new series; empty where a lesson cannot be repeated.

    A lesson to come is the first of the series; one that has started is repeated from the same day
    of the next week on.
    """
    if lesson.series_id is not None or lesson.is_cancelled or not may(reader, Action.EDIT, lesson):
        return ""
    local = reader.to_local_time(lesson.starts_at)
    if lesson.starts_at > now:
        first, source = local, [("lesson", lesson.pk)]
    else:
        first = local + _WEEK * ((now - lesson.starts_at) // _WEEK + 1)
        source = [("student", one.pk) for one in lesson.attending_students]
    minutes = int((lesson.ends_at - lesson.starts_at).total_seconds() // 60)
    values = [("date", f"{first:%Y-%m-%d}"), ("time", f"{first:%H:%M}"), ("minutes", minutes)]
    return urlencode([*source, ("title", lesson.title), *values])
