"""Which of a tutor's visits to a room count as teaching its lesson."""

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from apps.classroom.lessons import Lessons
from apps.classroom.models.attendance import Attendance, AttendanceQuerySet
from apps.classroom.policies import Role

_END = Coalesce("left_at", "seen_at")


def visits_that_taught(lessons: Lessons) -> AttendanceQuerySet:
    """The tutors' visits during the planned time, or together with somebody else.

    A tutor who only prepares the board has not held the lesson yet.
    """
    starts_at, ends_at = lessons.planned_times(OuterRef("session__lesson"))
    visits = Attendance.objects.annotate(end=_END)
    together = visits.exclude(role=Role.TUTOR).filter(
        session=OuterRef("session"), joined_at__lt=OuterRef("end"), end__gt=OuterRef("joined_at")
    )
    in_planned_time = Q(joined_at__lt=F("planned_end"), end__gt=F("planned_start"))
    of_tutors = visits.filter(role=Role.TUTOR)
    return of_tutors.annotate(planned_start=starts_at, planned_end=ends_at).filter(
        in_planned_time | Exists(together)
    )
