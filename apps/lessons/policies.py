"""Who may do what with a lesson; REST, sockets and pages ask here."""

from datetime import datetime
from enum import Enum

from apps.accounts.models import User
from apps.classroom.policies import GUEST_GRACE
from apps.common.errors import forbidden
from apps.common.parsing import MAX_ID
from apps.lessons.errors import lesson_not_found
from apps.lessons.models import Lesson


class Action(Enum):
    VIEW = "view"
    ENTER = "enter"  # its room, as one of its two people
    EDIT = "edit"  # reschedule, cancel, invite, revoke


CHANGEABLE = frozenset({Lesson.Status.SCHEDULED})
"""What the pages and the calendar offer to change. A client of the API may still mend more."""


def may(user: User, action: Action, lesson: Lesson) -> bool:
    teaches = user.is_tutor and lesson.tutor_id == user.pk
    attends = lesson.student_id == user.pk
    return teaches if action is Action.EDIT else teaches or attends


def is_over_for_guests(lesson: Lesson, now: datetime) -> bool:
    """Whether an invite to it opens nothing any more, as its room says too."""
    return lesson.status == Lesson.Status.COMPLETED or now >= lesson.ends_at + GUEST_GRACE


def may_change(user: User, lesson: Lesson) -> bool:
    """Whether to offer the user to move, cancel or share the lesson."""
    return may(user, Action.EDIT, lesson) and lesson.status in CHANGEABLE


def access_lesson(user: User, lesson_id: int, *, to: Action) -> Lesson:
    """Raises `lesson_not_found` where there is none and `forbidden` where it is not the user's."""
    lesson = Lesson.objects.filter(pk=min(lesson_id, MAX_ID)).first()
    if lesson is None:
        raise lesson_not_found()
    if not may(user, to, lesson):
        raise forbidden()
    return lesson
