"""Schedules, moves and cancels lessons."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.errors import lesson_cancelled
from apps.classroom.realtime.notify import recheck_lesson
from apps.common.errors import invalid, precondition_failed
from apps.common.etags import check_version
from apps.common.idempotency import Idempotency
from apps.lessons import notices
from apps.lessons.booking import (
    check_students_number,
    find_classroom,
    in_order,
    insert_lessons,
    lock_people,
    to_domain_error,
)
from apps.lessons.conflicts import check_conflicts
from apps.lessons.limits import check_limits
from apps.lessons.models import MAX_DURATION, MIN_DURATION, Lesson


def schedule_lesson(
    *,
    tutor: User,
    student_ids: Sequence[int],
    starts_at: datetime,
    ends_at: datetime,
    title: str = "",
    classroom_id: int | None = None,
    allow_overlap: bool = False,
    idempotency: Idempotency | None = None,
) -> Lesson:
    """Create a lesson and its room, or return the lesson created earlier with the same key.

    Raises `not_a_member`, `lesson_conflict`, or `validation_error` for a bad duration or number of
    students, too many hours with one of them, or an idempotency key of a different request.
    """
    check_duration(starts_at, ends_at)
    check_students_number(len(student_ids))
    if (earlier := _find_by_idempotency_key(tutor, idempotency)) is not None:
        return earlier
    try:
        with transaction.atomic():
            people = lock_people([tutor.pk, *student_ids])
            if (earlier := _find_by_idempotency_key(tutor, idempotency)) is not None:
                return earlier
            classroom = find_classroom(tutor, student_ids, classroom_id)
            students = in_order(people[pk] for pk in student_ids)
            lesson = Lesson(
                tutor=tutor,
                student=students[0],
                classroom_id=classroom,
                title=title,
                starts_at=starts_at,
                ends_at=ends_at,
                allow_overlap=allow_overlap,
                **(idempotency.columns if idempotency else {}),
            )
            insert_lessons([lesson], students)
            notices.notify_lesson_scheduled(lesson, students)
    except IntegrityError as exc:
        raise to_domain_error(exc) from exc
    return lesson


@dataclass(frozen=True, slots=True)
class ExpectedState:
    """A lesson as the caller last read it; None is not compared."""

    versions: Collection[str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def check(self, lesson: Lesson) -> None:
        """Raises `precondition_failed` if the lesson has changed since."""
        check_version(lesson.get_version(), self.versions)
        times = ((self.starts_at, lesson.starts_at), (self.ends_at, lesson.ends_at))
        for expected, current in times:
            if expected is not None and expected != current:
                raise precondition_failed(_("This lesson has been moved in the meantime."))


def reschedule_lesson(
    *,
    tutor: User,
    lesson: Lesson,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    title: str | None = None,
    allow_overlap: bool = False,
    expected: ExpectedState | None = None,
) -> None:
    """Change the given fields, and mail the students if the time changes.

    Raises `lesson_cancelled`, `precondition_failed`, `lesson_conflict` or `validation_error`.
    """
    try:
        with transaction.atomic():
            people = lock_people([lesson.tutor_id, *lesson.list_student_ids()])
            lesson.refresh_from_db()
            students = list_attending(lesson)
            if not people.keys() >= {student.pk for student in students}:
                raise precondition_failed()  # somebody has joined or taken a placeholder over
            if lesson.is_cancelled:
                raise lesson_cancelled()
            if expected is not None:
                expected.check(lesson)
            before = (lesson.starts_at, lesson.ends_at)
            lesson.starts_at, lesson.ends_at = starts_at or before[0], ends_at or before[1]
            lesson.title = lesson.title if title is None else title
            if (lesson.starts_at, lesson.ends_at) != before:
                lesson.ended_at = None
                _check_new_time(tutor, lesson, students, allow_overlap)
            lesson.save(
                update_fields=["starts_at", "ends_at", "ended_at", "title", "allow_overlap"]
            )
            lesson.refresh_from_db(fields=["sequence", "updated_at"])  # a trigger raised them
            if (lesson.starts_at, lesson.ends_at) != before:
                notices.notify_time_changed(lesson, students, *before)
    except IntegrityError as exc:
        raise to_domain_error(exc) from exc


def cancel_lesson(*, lesson: Lesson, reason: str = "") -> None:
    """Raises `lesson_cancelled` if the lesson is cancelled already."""
    was_requested = lesson.is_requested
    with transaction.atomic():
        cancelled = (
            Lesson.objects.not_cancelled()
            .filter(pk=lesson.pk)
            .update(
                status=Lesson.Status.CANCELLED,
                cancelled_at=timezone.now(),
                cancel_reason=reason,
                ended_at=None,
            )
        )
        if not cancelled:
            raise lesson_cancelled()
        lesson.refresh_from_db()
        students = list_attending(lesson)
        notify = notices.notify_declined if was_requested else notices.notify_lesson_cancelled
        notify(lesson, students)
        transaction.on_commit(lambda: recheck_lesson(lesson.pk))


def revoke_invites(*, lesson_id: int) -> int:
    """Invalidate all invite tokens issued so far; return the new generation."""
    lesson = Lesson.objects.filter(pk=lesson_id)
    with transaction.atomic():
        lesson.update(invite_generation=F("invite_generation") + 1)
        transaction.on_commit(lambda: recheck_lesson(lesson_id))
        return lesson.values_list("invite_generation", flat=True).get()


def check_duration(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise invalid(ends_at=_("A lesson must end after it starts."))
    if not MIN_DURATION <= ends_at - starts_at <= MAX_DURATION:
        raise invalid(ends_at=_("A lesson must last between 5 minutes and 12 hours."))


def list_attending(lesson: Lesson) -> list[User]:
    """The students in order, without those whose participation is cancelled."""
    attending = lesson.participants.attending().select_related("student")
    return [participant.student for participant in attending]


def _check_new_time(tutor: User, lesson: Lesson, students: list[User], allow_overlap: bool) -> None:
    check_duration(lesson.starts_at, lesson.ends_at)
    check_limits(lesson.tutor_id, students, [lesson], timezone.now())
    lesson.allow_overlap = allow_overlap
    if not allow_overlap:
        span = (lesson.starts_at, lesson.ends_at)
        check_conflicts(tutor, [one.pk for one in students], [span], exclude=[lesson.pk])


def _find_by_idempotency_key(tutor: User, idempotency: Idempotency | None) -> Lesson | None:
    if idempotency is None:
        return None
    lesson = Lesson.objects.filter(tutor=tutor, idempotency_key=idempotency.key).first()
    if lesson is not None:
        idempotency.check(lesson.idempotency_digest)
    return lesson
