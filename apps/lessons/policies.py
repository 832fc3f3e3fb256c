"""Permissions on lessons, for REST, sockets and pages."""

from enum import Enum

from apps.accounts.models import User
from apps.classroom.policies import Role, participant_role
from apps.classrooms.models import Membership
from apps.common.errors import forbidden
from apps.common.parsing import MAX_ID
from apps.lessons.errors import lesson_not_found, not_a_member
from apps.lessons.models import Lesson


class Action(Enum):
    VIEW = "view"
    ENTER = "enter"  # the room, as the lesson's tutor or student
    EDIT = "edit"  # reschedule, cancel, invite, revoke


CHANGEABLE_STATUSES = frozenset({Lesson.Status.SCHEDULED})
"""Lessons that the pages and the calendar offer to change; the API can also correct others."""


def may(user: User, action: Action, lesson: Lesson) -> bool:
    role = participant_role(user, lesson)
    return role is Role.TUTOR if action is Action.EDIT else role is not None


def may_change(user: User, lesson: Lesson) -> bool:
    """True if the pages should offer the user to move, cancel or share the lesson."""
    return may(user, Action.EDIT, lesson) and lesson.status in CHANGEABLE_STATUSES


def access_lesson(user: User, lesson_id: int, *, to: Action) -> Lesson:
    """Raises `lesson_not_found`, or `forbidden` if the policy refuses the action."""
    lesson = Lesson.objects.filter(pk=min(lesson_id, MAX_ID)).first()
    if lesson is None:
        raise lesson_not_found()
    if not may(user, to, lesson):
        raise forbidden()
    return lesson


def access_student(tutor: User, student_id: int) -> tuple[User, list[Membership]]:
    """Return a student for whom the tutor may schedule lessons, and the memberships that they
    share, first joined first. Raises `not_a_member`."""
    shared = list(
        Membership.objects.active()
        .taught_by(tutor)
        .filter(student=min(student_id, MAX_ID))
        .select_related("student", "classroom")
        .order_by("joined_at", "id")
    )
    if not shared or shared[0].student is None:
        raise not_a_member()
    return shared[0].student, shared
