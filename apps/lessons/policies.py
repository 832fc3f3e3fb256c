"""Permissions on lessons, for REST, sockets and pages."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.policies import Role, is_closed_to_guests, participant_role
from apps.classrooms.models import Classroom, Membership
from apps.common.errors import DomainError, forbidden, not_found
from apps.common.parsing import MAX_ID
from apps.lessons.errors import lesson_not_found, not_a_member, series_not_found
from apps.lessons.models import Lesson, LessonChange, LessonSeries
from apps.lessons.phases import Phase


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
    """True if the pages should offer the user to move the lesson, also one that was not held."""
    return may(user, Action.EDIT, lesson) and lesson.status in CHANGEABLE_STATUSES


def may_cancel(user: User, lesson: Lesson, now: datetime) -> bool:
    """True if the pages should offer the user to cancel the lesson: until it is over."""
    return may_change(user, lesson) and now < lesson.ends_at


def may_share(user: User, lesson: Lesson, now: datetime) -> bool:
    """True if the pages should offer invite links: as long as guests may enter by them."""
    return may_change(user, lesson) and not is_closed_to_guests(lesson, now)


def may_record_participation(user: User, lesson: Lesson, now: datetime) -> bool:
    """True if the pages should offer the user to record who came."""
    was_scheduled = not (lesson.is_cancelled or lesson.is_requested)
    return may(user, Action.EDIT, lesson) and was_scheduled and now >= lesson.starts_at


def may_decide_outcome(user: User, lesson: Lesson, phase: Phase) -> bool:
    """True if the user may say that a lesson was held although nobody was in its room."""
    return may(user, Action.EDIT, lesson) and phase is Phase.NOT_HELD


def access_lesson(user: User, lesson_id: int, *, to: Action) -> Lesson:
    """Raises `lesson_not_found`, or `forbidden` if the policy refuses the action."""
    lesson = Lesson.objects.filter(pk=min(lesson_id, MAX_ID)).first()
    if lesson is None:
        raise lesson_not_found()
    if not may(user, to, lesson):
        raise _access_error(user, lesson)
    return lesson


def _access_error(user: User, lesson: Lesson) -> DomainError:
    if may(user, Action.VIEW, lesson):
        return forbidden(_("Only the tutor of this lesson can do this."))
    return forbidden(_("This lesson is not yours: you neither teach nor attend it."))


def access_students(tutor: User, student_ids: Sequence[int]) -> tuple[list[User], list[Classroom]]:
    """Return students for whom the tutor may schedule a lesson, and the classrooms that they all
    share, first joined first. Raises `not_a_member`."""
    memberships = (
        Membership.objects.active()
        .taught_by(tutor)
        .filter(student__in=[min(pk, MAX_ID) for pk in student_ids])
        .select_related("student", "classroom")
        .order_by("joined_at", "id")
    )
    people: dict[int, User] = {}
    classrooms: dict[Classroom, set[int]] = defaultdict(set)
    for membership in memberships:
        if membership.student is not None:
            people[membership.student.pk] = membership.student
            classrooms[membership.classroom].add(membership.student.pk)
    if not student_ids or not people.keys() >= set(student_ids):
        raise not_a_member()
    shared = [one for one, members in classrooms.items() if members >= set(student_ids)]
    return [people[pk] for pk in student_ids], shared


def may_view_series(user: User, series: LessonSeries) -> bool:
    if user.is_tutor:
        return series.tutor_id == user.pk
    return series.members.filter(student=user).exists()


def access_series(user: User, series_id: int, *, to: Action = Action.VIEW) -> LessonSeries:
    """Viewed by its tutor and its students, edited by its tutor. Raises `series_not_found` or
    `forbidden`."""
    series = LessonSeries.objects.filter(pk=min(series_id, MAX_ID)).first()
    if series is None:
        raise series_not_found()
    if not may_view_series(user, series):
        raise forbidden(_("This series is not yours: you neither teach nor attend it."))
    if to is Action.EDIT and series.tutor_id != user.pk:
        raise forbidden(_("Only the tutor of this series can do this."))
    return series


def access_change(user: User, change_id: int) -> LessonChange:
    """For the tutor who made it; `not_found` for everybody else."""
    change = LessonChange.objects.filter(pk=min(change_id, MAX_ID), tutor=user).first()
    if change is None:
        raise not_found()
    return change
