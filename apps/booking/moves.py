"""Moves a lesson to another free slot for its student, or asks the tutor to."""

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.cancellations import load_terms
from apps.booking import notices
from apps.booking.availability import get_availability, load_schedule
from apps.booking.errors import not_bookable, slot_taken
from apps.booking.models import MoveRequest, SlotHold
from apps.booking.queries import SlotSearch
from apps.booking.services import TakenError, check_free, check_offered, insert_booked
from apps.booking.slots import Span
from apps.classroom.errors import lesson_cancelled
from apps.common.errors import DomainError
from apps.lessons.booking import lock_people, to_domain_error
from apps.lessons.models import Lesson
from apps.lessons.series.changes import Wanted
from apps.lessons.series.scope import Scope
from apps.lessons.series.scoped import update_lesson
from apps.lessons.services import ExpectedState, list_attending


def may_move(lesson: Lesson, student: User, now: datetime) -> bool:
    """A student moves a lesson of which nobody else is a student, before it starts."""
    return is_movable(lesson, now) and [one.pk for one in list_attending(lesson)] == [student.pk]


def is_movable(lesson: Lesson, now: datetime) -> bool:
    return lesson.status == Lesson.Status.SCHEDULED and lesson.starts_at > now


def needs_confirmation(lesson: Lesson, student: User, now: datetime) -> bool:
    """Also where a cancellation would no longer be free: a move would evade the policy."""
    if get_availability(lesson.tutor).requires_confirmation:
        return True
    _policy, terms = load_terms(lesson, student, now)
    return terms.is_late or terms.is_refused


def search_for_move(lesson: Lesson, student: User, now: datetime) -> SlotSearch:
    """The length of the lesson stays, also one that the tutor no longer offers. Where the tutor
    confirms, the lesson keeps its own time until then, which is therefore not free."""
    schedule = load_schedule(get_availability(lesson.tutor))
    minutes = int((lesson.ends_at - lesson.starts_at).total_seconds() // 60)
    moving = None if needs_confirmation(lesson, student, now) else lesson.pk
    return SlotSearch(lesson.tutor, student, replace(schedule, lesson_minutes=[minutes]), moving)


def move_lesson(*, lesson: Lesson, student: User, starts_at: datetime, now: datetime) -> Lesson:
    """Move the lesson, or return the request for it that the tutor has to confirm.

    The request replaces an earlier one. Raises `not_bookable`, or `lesson_conflict` with the next
    free slots.
    """
    search = search_for_move(lesson, student, now)
    slot = starts_at, starts_at + (lesson.ends_at - lesson.starts_at)
    check_offered(search.schedule, student, slot, search.schedule.lesson_minutes[0], now)
    try:
        with transaction.atomic():
            lock_people([lesson.tutor_id, student.pk])
            lesson.refresh_from_db()
            if not may_move(lesson, student, now):
                raise not_bookable(_("This lesson can no longer be moved."))
            _withdraw(lesson, now)
            check_free(search, slot, now)
            if search.moving is None:
                return _request(lesson, search, slot, now)
            _move(lesson, slot, student)
    except TakenError as exc:
        raise slot_taken(search.find_next(slot, now)) from exc
    except IntegrityError as exc:
        error = to_domain_error(exc)
        if isinstance(error, DomainError) and error.code == "lesson_conflict":
            raise slot_taken(search.find_next(slot, now)) from exc
        raise error from exc
    return lesson


def _request(lesson: Lesson, search: SlotSearch, slot: Span, now: datetime) -> Lesson:
    request = insert_booked(search, slot, now, is_requested=True, moved=lesson)
    MoveRequest.objects.create(request=request, lesson=lesson)
    return request


def _move(lesson: Lesson, slot: Span, student: User) -> None:
    before = lesson.starts_at, lesson.ends_at
    wanted = Wanted(starts_at=slot[0], ends_at=slot[1])
    expected = ExpectedState(starts_at=before[0], ends_at=before[1])
    update_lesson(
        tutor=lesson.tutor, lesson=lesson, scope=Scope.THIS, wanted=wanted, expected=expected
    )
    SlotHold.objects.filter(tutor=lesson.tutor, student=student).delete()
    transaction.on_commit(lambda: notices.notify_moved(lesson, student, before))


def _withdraw(lesson: Lesson, now: datetime) -> None:
    """An earlier request for another time."""
    earlier = MoveRequest.objects.filter(lesson=lesson).first()
    if earlier is not None:
        end_request(earlier.request_id, _("Another time was asked for."), now)


def end_request(request_id: int, reason: str, now: datetime) -> bool:
    """Cancel a lesson that still waits for confirmation; return False if it does not."""
    requested = Lesson.objects.filter(pk=request_id, status=Lesson.Status.REQUESTED)
    ended = requested.update(status=Lesson.Status.CANCELLED, cancelled_at=now, cancel_reason=reason)
    MoveRequest.objects.filter(request=request_id).delete()
    return ended == 1


def find_move(request: Lesson) -> MoveRequest | None:
    return MoveRequest.objects.filter(request=request).select_related("lesson__tutor").first()


def find_asked(lesson: Lesson, now: datetime) -> Lesson | None:
    """The open request for another time of this lesson."""
    requested = Lesson.objects.filter(
        move_request__lesson=lesson, status=Lesson.Status.REQUESTED, starts_at__gt=now
    )
    return requested.first()


def confirm_move(*, move: MoveRequest, request: Lesson, now: datetime) -> None:
    """Move the lesson and end the request. Raises `lesson_cancelled` if either has ended."""
    lesson = move.lesson
    with transaction.atomic():
        students = list_attending(request)
        lock_people([lesson.tutor_id, *(one.pk for one in students)])
        lesson.refresh_from_db()
        is_open = request.starts_at > now and is_movable(lesson, now)
        if not is_open or not end_request(request.pk, _("Moved as asked for."), now):
            raise lesson_cancelled()
        wanted = Wanted(starts_at=request.starts_at, ends_at=request.ends_at)
        update_lesson(tutor=lesson.tutor, lesson=lesson, scope=Scope.THIS, wanted=wanted)
    request.refresh_from_db()


def list_outdated(now: datetime) -> list[MoveRequest]:
    """Requests whose lesson has started or is cancelled, so that nothing is left to move."""
    is_movable = Q(lesson__status=Lesson.Status.SCHEDULED, lesson__starts_at__gt=now)
    return list(MoveRequest.objects.exclude(is_movable)[:1000])
