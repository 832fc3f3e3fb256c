"""First lessons that newcomers ask for on a tutor's public page, and the tutor's answers."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.booking import notices
from apps.booking.availability import get_availability, load_schedule
from apps.booking.errors import not_bookable
from apps.booking.models import BookingPage, FirstLessonRequest
from apps.booking.models.first_lesson import SLUG
from apps.booking.models.student_hours import DAY_ENDS, DAY_STARTS
from apps.booking.queries import SlotSearch
from apps.booking.slots import StudentDay
from apps.classrooms.models import Classroom
from apps.classrooms.students import add_student, mail_student_link
from apps.common.db import delete_in_batches
from apps.common.errors import DomainError, invalid, not_found, throttled
from apps.common.models import DailyLimit
from apps.common.parsing import MAX_ID
from apps.common.zones import find_zone
from apps.lessons.models import Lesson
from apps.lessons.services import schedule_lesson

MAX_OPEN = 30  # requests of one tutor that wait for an answer
MAX_PER_DAY = 60  # new requests to one tutor
LIFETIME = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Newcomer:
    first_name: str
    last_name: str
    email: str
    timezone: str


def find_page(slug: str) -> BookingPage:
    """An open one. Raises `not_found`, for one that is closed too."""
    page = BookingPage.objects.filter(slug=slug, is_open=True, tutor__is_active=True)
    found = page.select_related("tutor").first()
    if found is None:
        raise not_found()
    return found


def save_page(*, tutor: User, slug: str, is_open: bool, about: str) -> None:
    """Raises `validation_error` for an address that is malformed or taken."""
    if not re.fullmatch(SLUG, slug):
        raise invalid(slug=_("Use small Latin letters, digits and single hyphens."))
    fields = {"slug": slug, "is_open": is_open, "about": about}
    try:
        with transaction.atomic():
            BookingPage.objects.update_or_create(tutor=tutor, defaults=fields)
    except IntegrityError as exc:
        if not BookingPage.objects.filter(slug=slug).exclude(tutor=tutor).exists():
            raise
        raise invalid(slug=_("This address is taken. Choose another one.")) from exc


def search_for_newcomer(tutor: User, zone: str) -> tuple[SlotSearch, timedelta]:
    """Free slots within the newcomer's day, of the tutor's first lesson length."""
    schedule = load_schedule(get_availability(tutor))
    day = StudentDay(find_zone(zone), DAY_STARTS, DAY_ENDS)
    length = timedelta(minutes=schedule.lesson_minutes[0])
    return SlotSearch(tutor, tutor, schedule, newcomer=day), length


def ask_for_first_lesson(
    *, tutor: User, newcomer: Newcomer, starts_at: datetime, now: datetime
) -> None:
    """Store the request and mail the tutor. The same happens for every address, whether or not
    anybody has an account with it; a second request of an address replaces the first.

    Raises `not_bookable` for a time that is not free, or `throttled` over the tutor's limits.
    """
    search, length = search_for_newcomer(tutor, newcomer.timezone)
    slot = starts_at, starts_at + length
    if slot not in search.find((starts_at, starts_at + timedelta(seconds=1)), length, now):
        raise not_bookable(_("This time is no longer free. Choose another one."))
    _count(tutor, now)
    with transaction.atomic():
        request, _is_new = FirstLessonRequest.objects.update_or_create(
            tutor=tutor,
            email=newcomer.email,
            defaults={
                "first_name": newcomer.first_name,
                "last_name": newcomer.last_name,
                "timezone": newcomer.timezone,
                "starts_at": slot[0],
                "ends_at": slot[1],
                "created_at": now,
            },
        )
        transaction.on_commit(lambda: notices.notify_first_lesson(request))


def _count(tutor: User, now: datetime) -> None:
    waiting = FirstLessonRequest.objects.filter(tutor=tutor).count()
    name = f"first-lessons:{tutor.pk}"
    is_counted = not settings.THROTTLING or DailyLimit.use(name, MAX_PER_DAY, now)
    if waiting >= MAX_OPEN or not is_counted:
        raise throttled(
            DailyLimit.retry_after(name, now),
            _("This tutor has many requests already. Try again tomorrow."),
        )


def list_requests(tutor: User, now: datetime) -> list[FirstLessonRequest]:
    return list(FirstLessonRequest.objects.filter(_is_alive(now), tutor=tutor)[:MAX_OPEN])


def access_request(tutor: User, request_id: int, now: datetime) -> FirstLessonRequest:
    """Raises `not_found`."""
    alive = FirstLessonRequest.objects.filter(_is_alive(now), tutor=tutor)
    found = alive.select_related("tutor").filter(pk=min(request_id, MAX_ID)).first()
    if found is None:
        raise not_found()
    return found


def accept_request(*, request: FirstLessonRequest, classroom: Classroom) -> tuple[Lesson, bool]:
    """Add a placeholder student and the lesson, and mail the invitation; return the lesson and
    whether the mail was sent. The request is deleted.

    Raises `not_found` if it was answered meanwhile, `lesson_conflict` if the time is taken by now,
    `throttled` over a limit of added students.
    """
    tutor = request.tutor
    with transaction.atomic():
        if not _claim(request):
            raise not_found()
        student = add_student(
            classroom=classroom,
            first_name=request.first_name,
            last_name=request.last_name,
            email=request.email,
        )
        student.timezone = request.timezone
        student.save(update_fields=["timezone"])
        lesson = schedule_lesson(
            tutor=tutor,
            student_ids=[student.pk],
            starts_at=request.starts_at,
            ends_at=request.ends_at,
            classroom_id=classroom.pk,
        )
    return lesson, _mail_link(tutor, student)


def _mail_link(tutor: User, student: User) -> bool:
    """Over a limit of mails the tutor can give the link by hand."""
    if not settings.EMAIL_URL:
        return False
    try:
        mail_student_link(tutor=tutor, student=student)
    except DomainError:
        return False
    return True


def decline_request(request: FirstLessonRequest) -> None:
    _claim(request)


def delete_old(now: datetime) -> None:
    delete_in_batches(FirstLessonRequest.objects.exclude(_is_alive(now)))


def _claim(request: FirstLessonRequest) -> bool:
    deleted, _by_model = FirstLessonRequest.objects.filter(pk=request.pk).delete()
    return deleted == 1


def _is_alive(now: datetime) -> Q:
    return Q(starts_at__gt=now, created_at__gt=now - LIFETIME)
