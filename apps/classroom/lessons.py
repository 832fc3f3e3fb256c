"""The interface through which rooms read and change lessons; apps/lessons implements it.

Rooms name no column and no status of a lesson. See ADR 16.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeAlias

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

LessonIds: TypeAlias = QuerySet[Any, int]  # a subquery


class LessonPeople(Protocol):
    """The people of a lesson, of its row or of its state."""

    @property
    def tutor_id(self) -> int: ...

    def has_student(self, user_id: int) -> bool:
        """Also for a student whose participation was cancelled."""


class LessonEnd(Protocol):
    """When a lesson ends, of its row or of its state."""

    @property
    def is_completed(self) -> bool: ...

    @property
    def ends_at(self) -> datetime: ...


class StudentState(NamedTuple):
    """One student of a lesson as far as the right to be in its room depends on it."""

    is_member: bool
    has_cancelled: bool = False
    role_unchanged: bool = True


@dataclass(frozen=True, slots=True)
class LessonState:
    """One lesson as far as the right to be in its room depends on it."""

    id: int
    is_cancelled: bool
    is_completed: bool
    ends_at: datetime
    classroom_id: int
    tutor_id: int
    tutor_role_unchanged: bool
    students: Mapping[int, StudentState]
    invite_generation: int
    is_requested: bool = False  # and not confirmed by the tutor

    def has_student(self, user_id: int) -> bool:
        return user_id in self.students


@dataclass(frozen=True, slots=True)
class InviteClaims:
    """The claims of a valid invite; `exp` is in Unix seconds, and moves with the lesson if
    `until_end`."""

    lesson_id: int
    generation: int
    exp: int
    until_end: bool = False


class Lessons(Protocol):
    def load(self, lesson_ids: Collection[int]) -> Mapping[int, LessonState]:
        """Return the lessons that exist, by id; one query for any number of them."""

    def read_invite(self, token: str) -> InviteClaims:
        """Raise `invite_invalid`, `invite_expired`, `lesson_not_found` or `lesson_cancelled`."""

    def revoke_invites(self, lesson_id: int) -> int:
        """Invalidate all invites issued so far; return the new generation."""

    def complete(self, lesson_id: int, *, ended_at: datetime | None = None) -> None:
        """Complete a lesson that is to take place; `ended_at` frees the rest of its time."""

    def overdue(self, now: datetime) -> LessonIds:
        """Return the lessons whose planned end is over and which are not completed."""

    def planned_times(self, lesson_id: Any) -> tuple[Any, Any]:
        """Return expressions for the planned start and end of a lesson within a query, of which
        `lesson_id` is an outer reference."""

    def board_sources(self, lesson_id: int) -> list[int]:
        """Return lessons, the latest first, one of whose boards the lesson's own begins with."""

    def taught_by(self, tutor_id: int) -> LessonIds: ...


@cache
def get_lessons() -> Lessons:
    """Return the implementation that the setting CLASSROOM_LESSONS names."""
    lessons: Lessons = import_string(settings.CLASSROOM_LESSONS)()
    return lessons
