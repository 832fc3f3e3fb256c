"""The identity of lessons in other calendars, in the feed and in mail.

A UID outlives changes of the lesson, of PUBLIC_URL and of SECRET_KEY: see ADR 22.
"""

from apps.common.models import Installation
from apps.lessons.models import Lesson


def installation_id() -> str:
    """Made once and stored; one query."""
    return str(Installation.get_uuid())


def uid_of(lesson: Lesson, installation: str) -> str:
    return f"lesson-{lesson.pk}@{installation}"
