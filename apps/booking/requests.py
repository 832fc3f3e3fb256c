"""Confirms and declines lessons that students ask for, and ends those that were not answered."""

from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from apps.booking.errors import not_requested
from apps.booking.moves import confirm_move, end_request, find_move, list_outdated
from apps.classroom.errors import lesson_cancelled
from apps.classroom.realtime.notify import recheck_lesson
from apps.lessons import notices
from apps.lessons.models import Lesson
from apps.lessons.services import list_attending


def confirm_lesson(*, lesson: Lesson, now: datetime) -> None:
    """Make a requested lesson scheduled, or move the lesson for which it asks another time; nothing
    changes if it is scheduled already.

    Raises `lesson_cancelled`, also for a request that has lapsed, and as `update_lesson`.
    """
    if (move := find_move(lesson)) is not None:
        confirm_move(move=move, request=lesson, now=now)
        return
    with transaction.atomic():
        confirmed = Lesson.objects.filter(
            pk=lesson.pk, status=Lesson.Status.REQUESTED, starts_at__gt=now
        ).update(status=Lesson.Status.SCHEDULED)
        lesson.refresh_from_db()
        if not confirmed:
            if lesson.is_cancelled or lesson.is_requested:
                raise lesson_cancelled()
            return
        students = list_attending(lesson)
        transaction.on_commit(lambda: notices.notify_confirmed(lesson, students))
        transaction.on_commit(lambda: recheck_lesson(lesson.pk))


def decline_lesson(*, lesson: Lesson, reason: str, now: datetime) -> None:
    """Cancel a requested lesson, which frees its time.

    Raises `lesson_cancelled`, or `not_requested` for a lesson that is scheduled.
    """
    with transaction.atomic():
        if not end_request(lesson.pk, reason, now):
            lesson.refresh_from_db()
            raise lesson_cancelled() if lesson.is_cancelled else not_requested()
        lesson.refresh_from_db()
        students = list_attending(lesson)
        transaction.on_commit(lambda: notices.notify_declined(lesson, students))


def lapse_requests(now: datetime) -> int:
    """Cancel requests whose start has come, or that ask for another time of a lesson that has
    started or ended; return how many of the first kind there were."""
    for move in list_outdated(now):
        with transaction.atomic():
            end_request(move.request_id, _("The lesson can no longer be moved."), now)
    due = Lesson.objects.filter(status=Lesson.Status.REQUESTED, starts_at__lte=now)
    lapsed = 0
    for lesson in due.select_related("tutor").order_by("starts_at", "id")[:1000]:
        with transaction.atomic():
            students = list_attending(lesson)
            locale = students[0].locale if students else lesson.tutor.locale
            with translation.override(locale):
                reason = _("It was not confirmed before its start.")
            if end_request(lesson.pk, reason, now):
                lapsed += 1
                lesson.refresh_from_db()
                _notify_declined(lesson)
    return lapsed


def _notify_declined(lesson: Lesson) -> None:
    students = list_attending(lesson)
    transaction.on_commit(lambda: notices.notify_declined(lesson, students))
