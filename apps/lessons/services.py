"""Scheduling, moving and cancelling lessons."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.realtime.control import recheck_lesson
from apps.classroom.services import session_of
from apps.classrooms.models import Membership
from apps.common.db import violates
from apps.common.errors import invalid, precondition_failed
from apps.common.versions import check_version
from apps.lessons import notices, overlap
from apps.lessons.errors import lesson_cancelled, lesson_conflict, not_a_member
from apps.lessons.limits import check_load
from apps.lessons.models import LONGEST, SHORTEST, Lesson


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's key for one request, and a digest of what it asked for."""

    key: str
    digest: str

    @classmethod
    def of(cls, key: str, request: dict[str, Any]) -> "Idempotency":
        asked = "\n".join(f"{name}={request[name]}" for name in sorted(request))
        return cls(key, hashlib.sha256(asked.encode()).hexdigest())


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
    """The lesson with its room, in one transaction; or the lesson that the same idempotency key
    made before. Raises `not_a_member`, `lesson_conflict`, or `validation_error` for a lesson
    shorter than 5 minutes or longer than 12 hours, too much of them with one student, or a key
    that came with another request."""
    check_length(starts_at, ends_at)
    if (earlier := _made_before(tutor, idempotency)) is not None:
        return earlier
    try:
        with transaction.atomic():
            people = _lock_people(tutor.pk, student_id)
            if (earlier := _made_before(tutor, idempotency)) is not None:
                return earlier
            membership = _shared_membership(tutor, student_id, classroom_id)
            if not allow_overlap:
                _refuse_clash(tutor, student_id, starts_at, ends_at)
            lesson = Lesson(
                tutor=tutor,
                student=people[student_id],
                classroom_id=membership.classroom_id,
                title=title,
                starts_at=starts_at,
                ends_at=ends_at,
                allow_overlap=allow_overlap,
                idempotency_key=idempotency.key if idempotency else None,
                idempotency_digest=idempotency.digest if idempotency else "",
            )
            check_load(lesson, timezone.now())
            lesson.save(force_insert=True)
            session_of(lesson_id=lesson.pk)
            transaction.on_commit(lambda: notices.lesson_scheduled(lesson))
    except IntegrityError as exc:
        raise _as_conflict(exc) from exc
    return lesson


@dataclass(frozen=True, slots=True)
class Seen:
    """What the caller last saw of a lesson; None is not compared."""

    versions: Collection[str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def check(self, lesson: Lesson) -> None:
        """Raises `precondition_failed` if the lesson is another by now."""
        check_version(lesson.version, self.versions)
        for then, now in ((self.starts_at, lesson.starts_at), (self.ends_at, lesson.ends_at)):
            if then is not None and then != now:
                raise precondition_failed(_("This lesson was moved meanwhile."))


def reschedule_lesson(
    *,
    tutor: User,
    lesson: Lesson,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    title: str | None = None,
    allow_overlap: bool = False,
    seen: Seen | None = None,
) -> None:
    """Changes what is given, and mails the student a new time. Raises `lesson_cancelled`,
    `precondition_failed`, `lesson_conflict` or `validation_error`."""
    try:
        with transaction.atomic():
            people = _lock_people(lesson.tutor_id, lesson.student_id)
            lesson.refresh_from_db()
            lesson.student = people[lesson.student_id]
            if lesson.is_cancelled:
                raise lesson_cancelled()
            if seen is not None:
                seen.check(lesson)
            before = (lesson.starts_at, lesson.ends_at)
            lesson.starts_at = starts_at or lesson.starts_at
            lesson.ends_at = ends_at or lesson.ends_at
            lesson.title = lesson.title if title is None else title
            if (lesson.starts_at, lesson.ends_at) != before:
                lesson.ended_at = None
                _check_new_time(tutor, lesson, allow_overlap)
                transaction.on_commit(lambda: notices.time_changed(lesson, *before))
            lesson.save(
                update_fields=["starts_at", "ends_at", "ended_at", "title", "allow_overlap"]
            )
    except IntegrityError as exc:
        raise _as_conflict(exc) from exc


def cancel_lesson(*, lesson: Lesson, reason: str = "") -> None:
    """Raises `lesson_cancelled` for a second time."""
    with transaction.atomic():
        cancelled = (
            Lesson.objects.live()
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
        transaction.on_commit(lambda: notices.lesson_cancelled(lesson))
        transaction.on_commit(lambda: recheck_lesson(lesson.pk))


def check_length(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise invalid(ends_at=_("A lesson ends after it starts."))
    if not SHORTEST <= ends_at - starts_at <= LONGEST:
        raise invalid(ends_at=_("A lesson lasts from 5 minutes to 12 hours."))


def _check_new_time(tutor: User, lesson: Lesson, allow_overlap: bool) -> None:
    check_length(lesson.starts_at, lesson.ends_at)
    check_load(lesson, timezone.now())
    lesson.allow_overlap = allow_overlap
    if not allow_overlap:
        _refuse_clash(tutor, lesson.student_id, lesson.starts_at, lesson.ends_at, lesson.pk)


def _lock_people(tutor_id: int, student_id: int) -> dict[int, User]:
    """Takes turns per person, in the order of ids, so that the look before the insert still holds
    at the insert and two exclusion constraints cannot deadlock. SQLite's IMMEDIATE transactions
    take turns by themselves."""
    people = User.objects.select_for_update(no_key=True).filter(pk__in=(tutor_id, student_id))
    return {person.pk: person for person in people.order_by("pk")}


def _made_before(tutor: User, idempotency: Idempotency | None) -> Lesson | None:
    if idempotency is None:
        return None
    lesson = Lesson.objects.filter(tutor=tutor, idempotency_key=idempotency.key).first()
    if lesson is not None and lesson.idempotency_digest != idempotency.digest:
        raise invalid(**{"Idempotency-Key": _("This key has come with another request before.")})
    return lesson


def _shared_membership(tutor: User, student_id: int, classroom_id: int | None) -> Membership:
    """In the classroom asked for, else in the one joined first."""
    shared = Membership.objects.active().taught_by(tutor).filter(student=student_id)
    if classroom_id is not None:
        shared = shared.filter(classroom=classroom_id)
    membership = shared.order_by("joined_at", "id").first()
    if membership is None:
        raise not_a_member()
    return membership


def _refuse_clash(
    tutor: User, student_id: int, start: datetime, end: datetime, lesson_id: int = 0
) -> None:
    """Says when the clash is, within the time asked for and with no word about whose lesson it
    is: the student's other lessons are not this tutor's business."""
    clash = (
        Lesson.objects.occupying(start, end)
        .filter(Q(tutor=tutor) | Q(student=student_id))
        .exclude(pk=lesson_id)
        .in_order()
        .first()
    )
    if clash is None:
        return
    if clash.tutor_id == tutor.pk:
        sentence = _("You already have a lesson then: %(when)s.")
        when = notices.when(tutor, clash.starts_at, clash.occupied_until)
    else:
        sentence = _("The student is not free then: %(when)s.")
        when = notices.when(tutor, max(start, clash.starts_at), min(end, clash.occupied_until))
    raise lesson_conflict(sentence % {"when": when})


def _as_conflict(exc: IntegrityError) -> Exception:
    if any(violates(exc, name) for name in overlap.NAMES.values()):
        return lesson_conflict(_("There is another lesson at this time."))
    return exc
