"""The student's next lesson of the day, which every page shows first."""

from datetime import datetime
from typing import NamedTuple

from apps.accounts.models import User
from apps.lessons.models import Lesson
from apps.lessons.phases import Phase, find_phase
from apps.web.shared.lesson_title import lesson_title


class NextLesson(NamedTuple):
    lesson: Lesson
    title: str
    is_running: bool
    may_join: bool
    """From a quarter of an hour before the start."""


def find_next_lesson(user: object, now: datetime) -> NextLesson | None:
    """None for tutors and visitors, and on days without another lesson."""
    if not isinstance(user, User) or not user.is_student:
        return None
    upcoming = Lesson.objects.booked_for(user).upcoming(now).in_order().select_related("tutor")
    lesson = upcoming.first()
    if (
        lesson is None
        or user.to_local_time(lesson.starts_at).date() > user.to_local_time(now).date()
    ):
        return None
    phase = find_phase(lesson, now)
    running = phase is Phase.RUNNING
    return NextLesson(
        lesson, lesson_title(lesson, user.pk), running, running or phase is Phase.SOON
    )
