"""Adds students to a lesson, removes them, and records who came."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.errors import lesson_cancelled
from apps.classroom.realtime.notify import recheck_lesson
from apps.common.errors import invalid, not_found
from apps.common.parsing import MAX_ID
from apps.lessons import notices
from apps.lessons.booking import (
    check_students_number,
    find_classroom,
    lock_people,
    to_domain_error,
)
from apps.lessons.conflicts import describe_conflicts, find_conflicts
from apps.lessons.errors import lesson_conflict
from apps.lessons.limits import check_limits
from apps.lessons.models import Lesson, Participant

OUTCOMES = (Participant.Status.ATTENDED, Participant.Status.NO_SHOW)


def add_student(*, lesson: Lesson, student_id: int) -> None:
    """Make an active member of one of the tutor's classrooms a participant, or book one again whose
    participation was cancelled; nothing changes for other participants.

    Raises `not_a_member`, `lesson_conflict`, `lesson_cancelled` or `validation_error`.
    """
    try:
        with transaction.atomic():
            people = lock_people([lesson.tutor_id, student_id])
            lock_lesson(lesson)
            known = lesson.participants.filter(student=student_id).first()
            if known is not None and not known.is_cancelled:
                return
            tutor = people[lesson.tutor_id]
            find_classroom(tutor, [student_id], None)
            student = people[student_id]
            _check_is_free(tutor, student_id, lesson)
            check_limits(tutor.pk, [student], [lesson], timezone.now())
            if known is None:
                check_students_number(lesson.participants.count() + 1)
                Participant.objects.create(lesson=lesson, student=student)
            else:
                lesson.participants.filter(pk=known.pk).update(status=Participant.Status.BOOKED)
            notices.notify_lesson_scheduled(lesson, [student])
            transaction.on_commit(lambda: recheck_lesson(lesson.pk))
    except IntegrityError as exc:
        raise to_domain_error(exc) from exc


def _check_is_free(tutor: User, student_id: int, lesson: Lesson) -> None:
    """A tutor may double-book a student with lessons of their own, not with another tutor's."""
    span = (lesson.starts_at, lesson.occupied_until)
    for conflict in find_conflicts(tutor, [student_id], span, exclude=[lesson.pk]):
        is_allowed = lesson.allow_overlap and conflict.tutor_id == tutor.pk
        if conflict.student_id == student_id and not is_allowed:
            [sentence] = describe_conflicts(tutor, [(conflict, span)])
            raise lesson_conflict(sentence)


def remove_student(*, lesson: Lesson, student_id: int) -> None:
    """Raises `not_found`, `lesson_cancelled`, or `validation_error` for the last student who has
    not cancelled."""
    with transaction.atomic():
        lock_people([lesson.tutor_id, student_id])
        lock_lesson(lesson)
        removed = _get_participant(lesson, student_id)
        others = lesson.participants.exclude(pk=removed.pk)
        left = others if removed.is_cancelled else others.attending()
        successor = left.first()
        if successor is None:
            raise invalid(student_id=_("A lesson needs a student. Cancel the lesson instead."))
        if lesson.student_id == student_id:  # whose participant a trigger then deletes
            Lesson.objects.filter(pk=lesson.pk).update(student=successor.student_id)
        lesson.participants.filter(pk=removed.pk).delete()
        if not removed.is_cancelled:
            notices.notify_removed(lesson, removed.student)
        transaction.on_commit(lambda: recheck_lesson(lesson.pk))


def set_participation(*, lesson: Lesson, student_id: int, status: str, now: datetime) -> None:
    """Record after the lesson's start whether the student came.

    Raises `not_found`, `lesson_cancelled`, or `validation_error` before the start, for another
    status, or for a student who has cancelled.
    """
    if status not in OUTCOMES:
        raise invalid(status=_("Choose “attended” or “no_show”."))
    with transaction.atomic():
        lock_lesson(lesson)
        participant = _get_participant(lesson, student_id)
        if now < lesson.starts_at:
            raise invalid(status=_("The lesson has not started yet."))
        if lesson.is_requested:
            raise lesson_cancelled()  # it has lapsed
        if participant.is_cancelled:
            raise invalid(status=_("This student has cancelled."))
        lesson.participants.filter(pk=participant.pk).update(status=status)


def cancel_participation(
    *, lesson: Lesson, student: User, status: str, reason: str, now: datetime
) -> bool:
    """End the participation of a student who cancels; with the last one the lesson is cancelled.
    Returns whether it was. The people and the lesson are locked (apps/billing/cancellations.py).
    """
    lesson.participants.filter(student=student).update(status=status)
    is_last = not lesson.participants.attending().exists()
    if is_last:
        Lesson.objects.filter(pk=lesson.pk).update(
            status=Lesson.Status.CANCELLED, cancelled_at=now, cancel_reason=reason, ended_at=None
        )
    lesson.refresh_from_db()
    transaction.on_commit(lambda: notices.notify_cancelled_by_student(lesson, student, reason))
    transaction.on_commit(lambda: recheck_lesson(lesson.pk))
    return is_last


def lock_lesson(lesson: Lesson) -> None:
    """Lock and reload the lesson. Raises `lesson_cancelled`."""
    Lesson.objects.select_for_update(no_key=True).filter(pk=lesson.pk).values_list("pk").first()
    lesson.refresh_from_db()
    if lesson.is_cancelled:
        raise lesson_cancelled()


def _get_participant(lesson: Lesson, student_id: int) -> Participant:
    found = lesson.participants.filter(student=min(student_id, MAX_ID))
    participant = found.select_related("student").first()
    if participant is None:
        raise not_found()
    return participant
