"""Holds a slot for as long as a student fills in the form."""

from datetime import datetime, timedelta

from django.db import transaction

from apps.accounts.models import User
from apps.booking.availability import get_availability, load_schedule
from apps.booking.errors import slot_taken
from apps.booking.models import HOLD_FOR, SlotHold
from apps.booking.moves import search_for_move
from apps.booking.queries import SlotSearch
from apps.booking.services import TakenError, check_free, check_offered
from apps.common.db import delete_in_batches
from apps.lessons.booking import lock_people
from apps.lessons.models import Lesson


def hold_slot(
    *,
    tutor: User,
    student: User,
    starts_at: datetime,
    minutes: int | None,
    now: datetime,
    lesson: Lesson | None = None,
) -> SlotHold:
    """Hold a slot in place of the one that the student held of this tutor, for a new lesson or for
    one that is to be moved, whose length stays.

    The same slot again is not held longer. Raises `not_bookable`, or `lesson_conflict` with the
    next free slots.
    """
    if lesson is None:
        search = SlotSearch(tutor, student, load_schedule(get_availability(tutor)))
        length = timedelta(minutes=minutes or search.schedule.lesson_minutes[0])
    else:
        search, length = search_for_move(lesson, student, now), lesson.ends_at - lesson.starts_at
    slot = starts_at, starts_at + length
    check_offered(search.schedule, student, slot, int(length.total_seconds() // 60), now)
    try:
        with transaction.atomic():
            lock_people([tutor.pk, student.pk])
            SlotHold.objects.filter(tutor=tutor, expires_at__lte=now).delete()
            check_free(search, slot, now)
            return _replace(tutor, student, slot, now + HOLD_FOR, lesson)
    except TakenError as exc:
        raise slot_taken(search.find_next(slot, now)) from exc


def _replace(
    tutor: User,
    student: User,
    slot: tuple[datetime, datetime],
    expires_at: datetime,
    lesson: Lesson | None,
) -> SlotHold:
    held = SlotHold.objects.filter(tutor=tutor, student=student).first()
    hold = held or SlotHold(tutor=tutor, student=student)
    if (hold.starts_at, hold.ends_at) != slot:
        hold.starts_at, hold.ends_at = slot
        hold.expires_at = expires_at
    hold.lesson = lesson
    hold.save()
    return hold


def find_hold(tutor: User, student: User, now: datetime) -> SlotHold | None:
    holds = SlotHold.objects.filter(tutor=tutor, student=student, expires_at__gt=now)
    return holds.select_related("lesson").first()


def release_hold(tutor: User, student: User) -> None:
    SlotHold.objects.filter(tutor=tutor, student=student).delete()


def delete_expired(now: datetime) -> None:
    delete_in_batches(SlotHold.objects.filter(expires_at__lte=now))
