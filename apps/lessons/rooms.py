"""The implementation of the interface `Lessons` of apps/classroom/lessons.py."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from apps.accounts.models import User
from apps.classroom.lessons import InviteClaims, LessonIds, Lessons, LessonState, StudentState
from apps.classrooms.models import Membership
from apps.lessons import services
from apps.lessons.invites import read_invite
from apps.lessons.models import Lesson, Participant
from apps.lessons.series.previous import list_board_sources

_COLUMNS = (
    "pk",
    "status",
    "ends_at",
    "classroom_id",
    "tutor_id",
    "tutor__role",
    "invite_generation",
    "participants__student_id",
    "participants__status",
    "participants__student__role",
    "is_member",
)


class RoomLessons(Lessons):
    def load(self, lesson_ids: Collection[int]) -> dict[int, LessonState]:
        lessons = Lesson.objects.filter(pk__in=lesson_ids).annotate(is_member=_is_member())
        found: dict[int, LessonState] = {}
        students: defaultdict[int, dict[int, StudentState]] = defaultdict(dict)
        for row in lessons.values_list(*_COLUMNS):
            pk, status, ends_at, classroom_id, tutor_id, tutor_role, generation, *participant = row
            student_id, participation, student_role, is_member = participant
            if student_id is not None:
                students[pk][student_id] = StudentState(
                    is_member,
                    participation in Participant.CANCELLED,
                    student_role == User.Role.STUDENT,
                )
            found[pk] = LessonState(
                id=pk,
                is_cancelled=status == Lesson.Status.CANCELLED,
                is_requested=status == Lesson.Status.REQUESTED,
                is_completed=status == Lesson.Status.COMPLETED,
                ends_at=ends_at,
                classroom_id=classroom_id,
                tutor_id=tutor_id,
                tutor_role_unchanged=tutor_role == User.Role.TUTOR,
                students=students[pk],
                invite_generation=generation,
            )
        return found

    def read_invite(self, token: str) -> InviteClaims:
        return read_invite(token).claims

    def revoke_invites(self, lesson_id: int) -> int:
        return services.revoke_invites(lesson_id=lesson_id)

    def complete(self, lesson_id: int, *, ended_at: datetime | None = None) -> None:
        Lesson.objects.only("pk").get(pk=lesson_id).complete(ended_at=ended_at)

    def overdue(self, now: datetime) -> LessonIds:
        scheduled = Lesson.objects.filter(status=Lesson.Status.SCHEDULED)
        return scheduled.ended_by(now).values_list("pk", flat=True)

    def planned_times(self, lesson_id: Any) -> tuple[Subquery, Subquery]:
        planned = Lesson.objects.filter(pk=lesson_id)
        return Subquery(planned.values("starts_at")), Subquery(planned.values("ends_at"))

    def board_sources(self, lesson_id: int) -> list[int]:
        lesson = Lesson.objects.select_related("series").filter(pk=lesson_id).first()
        return list_board_sources(lesson) if lesson is not None else []

    def taught_by(self, tutor_id: int) -> LessonIds:
        return Lesson.objects.filter(tutor=tutor_id).values_list("pk", flat=True)


def _is_member() -> Any:
    """Whether the participant is active in the lesson's classroom, or, having never been in it,
    in another one of the tutor's: the students of a lesson need not share a classroom."""
    memberships = Membership.objects.filter(student=OuterRef("participants__student"))
    here = memberships.filter(classroom=OuterRef("classroom"))
    elsewhere = memberships.filter(classroom__tutor=OuterRef("tutor"))
    return Exists(here.active()) | (~Exists(here) & Exists(elsewhere.active()))
