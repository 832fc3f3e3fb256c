"""Books lessons for students in the free time of their tutors."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.booking import notices
from apps.booking.availability import get_availability, load_schedule
from apps.booking.errors import not_bookable, slot_taken
from apps.booking.models import SlotHold
from apps.booking.queries import SlotSearch
from apps.booking.slots import (
    GRID,
    Schedule,
    Span,
    find_open_spans,
    is_within,
    overlaps,
    suits_student,
)
from apps.booking.student_hours import load_day
from apps.common.db import select_rows
from apps.common.errors import DomainError
from apps.common.idempotency import Idempotency
from apps.common.zones import zone_label
from apps.lessons.booking import find_classroom, insert_lessons, lock_people, to_domain_error
from apps.lessons.models import Lesson
from apps.lessons.notices import notify_lesson_scheduled

MAX_AHEAD = 40  # lessons that a student has booked with one tutor and that have not started
MAX_REQUESTED = 10  # of those, ones that the tutor has not confirmed

# As `booked_for` and `not_cancelled` select.
_AHEAD = """
SELECT lesson.status, COUNT(*)
FROM lessons_participant AS participant
JOIN lessons_lesson AS lesson ON lesson.id = participant.lesson_id
WHERE participant.student_id = %s AND participant.starts_at > %s
    AND participant.status IN ('booked', 'attended', 'no_show')
    AND lesson.tutor_id = %s AND lesson.is_self_booked AND lesson.status <> 'cancelled'
GROUP BY lesson.status
"""


@dataclass(frozen=True, slots=True)
class BookingWish:
    """`minutes` is None for the first length that the tutor offers."""

    starts_at: datetime
    minutes: int | None = None


class TakenError(Exception):
    """The slot is free no longer."""


def book_lesson(
    *,
    tutor: User,
    student: User,
    wish: BookingWish,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Lesson:
    """Book a lesson, `requested` where the tutor confirms each, or return the one booked earlier
    with the same key.

    A start between two offered slots can be booked too: what was offered stays bookable as long as
    it is free, also when the slots around it have moved. Raises `not_bookable`, `lesson_conflict`
    with the next free slots, `not_a_member` or `validation_error`.
    """
    schedule = load_schedule(get_availability(tutor))
    minutes = wish.minutes or schedule.lesson_minutes[0]
    slot = (wish.starts_at, wish.starts_at + timedelta(minutes=minutes))
    search = SlotSearch(tutor, student, schedule)
    if (earlier := _find_earlier(tutor, idempotency)) is not None:
        return earlier
    check_offered(schedule, student, slot, minutes, now)
    try:
        with transaction.atomic():
            lock_people([tutor.pk, student.pk])
            if (earlier := _find_earlier(tutor, idempotency)) is not None:
                return earlier
            check_free(search, slot, now)
            lesson = insert_booked(
                search,
                slot,
                now,
                is_requested=schedule.requires_confirmation,
                idempotency=idempotency,
            )
    except TakenError as exc:
        raise slot_taken(search.find_next(slot, now)) from exc
    except IntegrityError as exc:
        error = to_domain_error(exc)
        if isinstance(error, DomainError) and error.code == "lesson_conflict":
            raise slot_taken(search.find_next(slot, now)) from exc
        raise error from exc
    return lesson


def check_offered(
    schedule: Schedule, student: User, slot: Span, minutes: int, now: datetime
) -> None:
    """Raises `not_bookable` for what the tutor never offers to this student, free or not."""
    earliest, latest = schedule.bookable(now)
    if minutes not in schedule.lesson_minutes:
        lengths = ", ".join(str(each) for each in schedule.lesson_minutes)
        raise not_bookable(_("Lessons of this tutor last (minutes): %(n)s.") % {"n": lengths})
    if slot[0] < earliest:
        raise not_bookable(_("This is too soon for the tutor."))
    if slot[0] > latest:
        raise not_bookable(_("This is too far ahead."))
    if not is_within(slot, find_open_spans(schedule, *slot)):
        raise not_bookable(_("The tutor gives no lessons at this time."))
    if slot[0].second or slot[0].microsecond or slot[0].minute % (GRID.total_seconds() // 60):
        raise not_bookable(_("A lesson starts at a multiple of five minutes."))
    if not suits_student(slot, day := load_day(student), schedule.zone):
        message = _("This is outside your hours for lessons, %(from)s–%(to)s (%(zone)s).")
        clock = {"from": f"{day.starts:%H:%M}", "to": f"{day.ends:%H:%M}"}
        raise not_bookable(message % {**clock, "zone": zone_label(student.timezone)})


def check_free(search: SlotSearch, slot: Span, now: datetime) -> None:
    """Raises TakenError, or `not_bookable` if the tutor is busy elsewhere."""
    busy = search.find_busy(slot, now)
    if overlaps(slot, busy.lessons):
        raise TakenError
    if overlaps(slot, busy.external):
        raise not_bookable(_("The tutor is busy at this time."))


def insert_booked(
    search: SlotSearch,
    slot: Span,
    now: datetime,
    *,
    is_requested: bool,
    idempotency: Idempotency | None = None,
    moved: Lesson | None = None,
) -> Lesson:
    """The slot must be free and the people locked; what the student held of the tutor is released.

    Raises `not_a_member` or `not_bookable`.
    """
    tutor, student = search.tutor, search.viewer
    classroom = find_classroom(tutor, [student.pk], None)
    _check_number(tutor, student, now)
    lesson = Lesson(
        tutor=tutor,
        student=student,
        classroom_id=classroom,
        starts_at=slot[0],
        ends_at=slot[1],
        status=Lesson.Status.REQUESTED if is_requested else Lesson.Status.SCHEDULED,
        is_self_booked=True,
        **(idempotency.columns if idempotency else {}),
    )
    insert_lessons([lesson], [student], are_free=True)
    SlotHold.objects.filter(tutor=tutor, student=student).delete()
    if not is_requested:
        transaction.on_commit(lambda: notify_lesson_scheduled(lesson, [student]))
    transaction.on_commit(lambda: notices.notify_booked(lesson, student, moved))
    return lesson


def _check_number(tutor: User, student: User, now: datetime) -> None:
    """Keeps one student from filling the tutor's calendar; the student's row is locked."""
    ahead = dict(select_rows(_AHEAD, student.pk, now, tutor.pk))
    if sum(ahead.values()) >= MAX_AHEAD:
        raise not_bookable(_("You have booked %(n)s lessons already.") % {"n": MAX_AHEAD})
    if ahead.get(Lesson.Status.REQUESTED, 0) >= MAX_REQUESTED:
        message = _("%(n)s of your lessons wait for confirmation. Ask for more after that.")
        raise not_bookable(message % {"n": MAX_REQUESTED})


def _find_earlier(tutor: User, idempotency: Idempotency | None) -> Lesson | None:
    if idempotency is None:
        return None
    lesson = Lesson.objects.filter(tutor=tutor, idempotency_key=idempotency.key).first()
    if lesson is not None:
        idempotency.check(lesson.idempotency_digest)
    return lesson
