"""Whether a student may cancel a lesson, and by which terms, before anybody asks."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.cancellation_policies import get_policy
from apps.billing.cancellations import load_terms
from apps.billing.models import CancellationPolicy
from apps.billing.wording import LessonTerms, describe_refusal
from apps.classroom.errors import lesson_cancelled
from apps.lessons.models import Lesson, Participant

OPEN = (Lesson.Status.SCHEDULED, Lesson.Status.REQUESTED)


def find_own_terms(lesson: Lesson, student: User, now: datetime) -> LessonTerms | None:
    """None where `describe_no_terms` tells why the student cannot cancel."""
    if describe_no_terms(lesson, student, now):
        return None
    return load_terms(lesson, student, now)


def describe_no_terms(lesson: Lesson, student: User, now: datetime) -> str:
    """Why the student cannot cancel the lesson, or no reason."""
    booked = lesson.participants.filter(student=student, status=Participant.Status.BOOKED)
    if lesson.status not in OPEN or not booked.exists():
        return lesson_cancelled().detail if lesson.is_cancelled else _describe_past()
    policy = get_policy(lesson.tutor_id, at=lesson.created_at)
    if policy.pk is None:
        return _("Your tutor has set no rules for cancelling. Ask your tutor to cancel the lesson.")
    if not policy.students_may_cancel or now >= lesson.starts_at:
        return describe_refusal(lesson, student, policy)
    return ""


def _describe_past() -> str:
    return _("You have cancelled this lesson already, or it is over.")


def list_cancellable(lessons: Iterable[Lesson], student: User, now: datetime) -> set[int]:
    """Ids of those that the student may cancel; they come `with_people`. One query."""
    coming = [one for one in lessons if one.status in OPEN and now < one.starts_at]
    versions: dict[int, list[CancellationPolicy]] = defaultdict(list)
    tutors = {one.tutor_id for one in coming}
    if tutors:
        policies = CancellationPolicy.objects.filter(tutor__in=tutors).order_by("-created_at")
        for policy in policies:
            versions[policy.tutor_id].append(policy)
    return {one.pk for one in coming if _is_booked(one, student) and _allows(one, versions)}


def _is_booked(lesson: Lesson, student: User) -> bool:
    booked = Participant.Status.BOOKED
    return any(
        one.student_id == student.pk and one.status == booked for one in lesson.participants.all()
    )


def _allows(lesson: Lesson, versions: dict[int, list[CancellationPolicy]]) -> bool:
    made = (each for each in versions[lesson.tutor_id] if each.created_at <= lesson.created_at)
    policy = next(made, None)
    return policy is not None and policy.students_may_cancel
