"""Schedules, moves and cancels lessons."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.errors import lesson_cancelled
from apps.classroom.realtime.notify import recheck_lesson
from apps.classroom.services import get_or_create_session
from apps.classrooms.models import Membership
from apps.common.db import is_violation_of
from apps.common.errors import invalid, precondition_failed
from apps.common.etags import check_version
from apps.common.idempotency import Idempotency
from apps.lessons import notices, overlap
from apps.lessons.errors import lesson_conflict, not_a_member
from apps.lessons.limits import check_limits
from apps.lessons.models import MAX_DURATION, MIN_DURATION, Lesson


def schedule_lesson(
    *,
    tutor: User,
    student_id: int,
    starts_at: datetime,
    ends_at: datetime,
    title: str = "",
    classroom_id: int | None = None,
    allow_overlap: bool = False,
    idempotency: Idempotency | None = None,
) -> Lesson:
    """Create a lesson and its room, or return the lesson created earlier with the same key.

    Raises `not_a_member`, `lesson_conflict`, or `validation_error` for a duration outside 5 minutes
    to 12 hours, too many hours with one student, or an idempotency key of a different request.
    """
    check_duration(starts_at, ends_at)
    if (earlier := _find_by_idempotency_key(tutor, idempotency)) is not None:
        return earlier
    try:
        with transaction.atomic():
            people = _lock_users(tutor.pk, student_id)
            if (earlier := _find_by_idempotency_key(tutor, idempotency)) is not None:
                return earlier
            membership = _find_shared_membership(tutor, student_id, classroom_id)
            lesson = Lesson(
                tutor=tutor,
                student=people[student_id],
                classroom_id=membership.classroom_id,
                title=title,
                starts_at=starts_at,
                ends_at=ends_at,
                allow_overlap=allow_overlap,
                **(idempotency.columns if idempotency else {}),
            )
            _insert_lesson(lesson)
    except IntegrityError as exc:
        raise _to_conflict_error(exc) from exc
    return lesson


def _insert_lesson(lesson: Lesson) -> None:
    if not lesson.allow_overlap:
        _check_conflicts(lesson.tutor, lesson.student_id, lesson.starts_at, lesson.ends_at)
    check_limits(lesson, timezone.now())
    lesson.save(force_insert=True)
    get_or_create_session(lesson_id=lesson.pk)
    transaction.on_commit(lambda: notices.notify_lesson_scheduled(lesson))


@dataclass(frozen=True, slots=True)
class ExpectedState:
    """A lesson as the caller last read it; None is not compared."""

    versions: Collection[str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def check(self, lesson: Lesson) -> None:
        """Raises `precondition_failed` if the lesson has changed since."""
        check_version(lesson.version, self.versions)
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
    """Change the given fields, and mail the student if the time changes.

    Raises `lesson_cancelled`, `precondition_failed`, `lesson_conflict` or `validation_error`.
    """
    try:
        with transaction.atomic():
            people = _lock_users(lesson.tutor_id, lesson.student_id)
            lesson.refresh_from_db()
            if lesson.student_id not in people:  # an account has just taken the placeholder over
                raise precondition_failed()
            lesson.student = people[lesson.student_id]
            if lesson.is_cancelled:
                raise lesson_cancelled()
            if expected is not None:
                expected.check(lesson)
            before = (lesson.starts_at, lesson.ends_at)
            lesson.starts_at = starts_at or lesson.starts_at
            lesson.ends_at = ends_at or lesson.ends_at
            lesson.title = lesson.title if title is None else title
            if (lesson.starts_at, lesson.ends_at) != before:
                lesson.ended_at = None
                _check_new_time(tutor, lesson, allow_overlap)
                transaction.on_commit(lambda: notices.notify_time_changed(lesson, *before))
            lesson.save(
                update_fields=["starts_at", "ends_at", "ended_at", "title", "allow_overlap"]
            )
            lesson.refresh_from_db(fields=["sequence", "updated_at"])  # a trigger raised them
    except IntegrityError as exc:
        raise _to_conflict_error(exc) from exc


def cancel_lesson(*, lesson: Lesson, reason: str = "") -> None:
    """Raises `lesson_cancelled` if the lesson is cancelled already."""
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
        transaction.on_commit(lambda: notices.notify_lesson_cancelled(lesson))
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


def _check_new_time(tutor: User, lesson: Lesson, allow_overlap: bool) -> None:
    check_duration(lesson.starts_at, lesson.ends_at)
    check_limits(lesson, timezone.now())
    lesson.allow_overlap = allow_overlap
    if not allow_overlap:
        _check_conflicts(tutor, lesson.student_id, lesson.starts_at, lesson.ends_at, lesson.pk)


def _lock_users(tutor_id: int, student_id: int) -> dict[int, User]:
    """Serialise writes per user, so that no lesson appears between the check and the insert.

    Rows are locked in the order of their ids, so that two requests cannot deadlock. SQLite needs no
    row locks: its IMMEDIATE transactions are already serialised.
    """
    people = User.objects.select_for_update(no_key=True).filter(pk__in=(tutor_id, student_id))
    return {person.pk: person for person in people.order_by("pk")}


def _find_by_idempotency_key(tutor: User, idempotency: Idempotency | None) -> Lesson | None:
    if idempotency is None:
        return None
    lesson = Lesson.objects.filter(tutor=tutor, idempotency_key=idempotency.key).first()
    if lesson is not None:
        idempotency.check(lesson.idempotency_digest)
    return lesson


def _find_shared_membership(tutor: User, student_id: int, classroom_id: int | None) -> Membership:
    """The student's active membership in `classroom_id`, else in the classroom joined first."""
    shared = Membership.objects.active().taught_by(tutor).filter(student=student_id)
    if classroom_id is not None:
        shared = shared.filter(classroom=classroom_id)
    membership = shared.order_by("joined_at", "id").first()
    if membership is None:
        raise not_a_member()
    return membership


def _check_conflicts(
    tutor: User, student_id: int, start: datetime, end: datetime, exclude_id: int = 0
) -> None:
    """Raises `lesson_conflict`, naming the time of the conflicting lesson.

    For a student's lesson with another tutor only its part within [start, end) is named, so that
    nothing else about it is disclosed.
    """
    conflict = (
        Lesson.objects.occupying(start, end)
        .filter(Q(tutor=tutor) | Q(student=student_id))
        .exclude(pk=exclude_id)
        .select_related("student")
        .in_order()
        .first()
    )
    if conflict is None:
        return
    if conflict.tutor_id == tutor.pk:
        sentence = _("You already have a lesson with %(name)s then: %(when)s.")
        when = notices.format_span(tutor, conflict.starts_at, conflict.occupied_until)
        name = conflict.student.get_full_name()
        raise lesson_conflict(sentence % {"when": when, "name": name})
    sentence = _("The student is not free then: %(when)s.")
    shown = max(start, conflict.starts_at), min(end, conflict.occupied_until)
    raise lesson_conflict(sentence % {"when": notices.format_span(tutor, *shown)})


def _to_conflict_error(exc: IntegrityError) -> Exception:
    if any(is_violation_of(exc, name) for name in overlap.CONSTRAINT_NAMES.values()):
        return lesson_conflict(_("There is another lesson at this time."))
    return exc
