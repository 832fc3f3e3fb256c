"""The implementation of the interface `Lessons` of apps/classroom/lessons.py."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery

from apps.accounts.models import User
from apps.classroom.lessons import InviteClaims, LessonIds, Lessons, LessonState
from apps.classrooms.models import Membership
from apps.lessons import services
from apps.lessons.invites import read_invite
from apps.lessons.models import Lesson

_ROLES_UNCHANGED = Q(tutor__role=User.Role.TUTOR, student__role=User.Role.STUDENT)
_COLUMNS = (
    "pk",
    "status",
    "ends_at",
    "classroom_id",
    "tutor_id",
    "student_id",
    "roles_unchanged",
    "student_is_member",
    "invite_generation",
)


class RoomLessons(Lessons):
    def load(self, lesson_ids: Collection[int]) -> dict[int, LessonState]:
        membership = Membership.objects.filter(
            classroom=OuterRef("classroom"),
            student=OuterRef("student"),
            status=Membership.Status.ACTIVE,
        )
        rows = (
            Lesson.objects.filter(pk__in=lesson_ids)
            .annotate(roles_unchanged=_ROLES_UNCHANGED, student_is_member=Exists(membership))
            .values_list(*_COLUMNS)
        )
        return {
            pk: LessonState(
                pk, status == Lesson.Status.CANCELLED, status == Lesson.Status.COMPLETED, *others
            )
            for pk, status, *others in rows
        }

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

    def taught_by(self, tutor_id: int) -> LessonIds:
        return Lesson.objects.filter(tutor=tutor_id).values_list("pk", flat=True)
