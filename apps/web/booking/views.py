"""Pages on which students book and move lessons."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.booking.availability import get_availability, load_schedule
from apps.booking.errors import not_bookable
from apps.booking.holds import find_hold, hold_slot, release_hold
from apps.booking.models import SlotHold
from apps.booking.moves import may_move, move_lesson, needs_confirmation, search_for_move
from apps.booking.policies import access_tutor
from apps.booking.queries import SlotSearch
from apps.booking.services import BookingWish, book_lesson
from apps.booking.slots import Span
from apps.common.errors import DomainError
from apps.common.parsing import midnight, parse_instant
from apps.common.rate_limits import check_rate_limit
from apps.common.zones import clock_time
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, access_lesson
from apps.web.shared.access import current_student

PAGE = timedelta(days=14)
Days = list[tuple[date, list[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the student chooses a slot for. `lesson` is the one to be moved, if any."""

    tutor: User
    student: User
    minutes: int | None
    lesson: Lesson | None = None

    @property
    def url(self) -> str:
        if self.lesson is not None:
            return reverse("web:lesson-move", args=[self.lesson.pk])
        return reverse("web:book", args=[self.tutor.pk])

    def search(self, now: datetime) -> tuple[SlotSearch, timedelta]:
        if self.lesson is not None:
            length = self.lesson.ends_at - self.lesson.starts_at
            return search_for_move(self.lesson, self.student, now), length
        schedule = load_schedule(get_availability(self.tutor))
        length = timedelta(minutes=self.minutes or schedule.lesson_minutes[0])
        return SlotSearch(self.tutor, self.student, schedule), length


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, tutor_id: int) -> HttpResponse:
    me = current_student(request)
    minutes = _parse_minutes(request.POST.get("minutes") or request.GET.get("minutes", ""))
    return _choose(request, Choice(access_tutor(me, tutor_id), me, minutes))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, lesson_id: int) -> HttpResponse:
    me = current_student(request)
    lesson = access_lesson(me, lesson_id, to=Action.VIEW)
    if not may_move(lesson, me, timezone.now()):
        messages.error(request, _("This lesson can no longer be moved."))
        return redirect("web:lesson", lesson.pk)
    return _choose(request, Choice(lesson.tutor, me, None, lesson))


def _choose(request: HttpRequest, choice: Choice) -> HttpResponse:
    """The slots of two weeks; POST holds one of them and goes on to `hold`."""
    now = timezone.now()
    if request.method != "POST":
        return render(request, "booking/book.html", _slots_context(request, choice, now))
    check_rate_limit(request, "booking")
    starts_at = parse_instant(request.POST.get("starts_at", ""))
    if starts_at is None:
        return redirect(choice.url)
    try:
        hold_slot(
            tutor=choice.tutor,
            student=choice.student,
            starts_at=starts_at,
            minutes=choice.minutes,
            lesson=choice.lesson,
            now=now,
        )
    except DomainError as exc:
        return _render_refused(request, choice, exc, now)
    return redirect("web:book-hold", choice.tutor.pk)


def _render_refused(
    request: HttpRequest, choice: Choice, exc: DomainError, now: datetime
) -> HttpResponse:
    """Says why, and offers the next free slots."""
    rows = (exc.extra or {}).get("next_slots", [])
    found = [(row["starts_at"], row["ends_at"]) for row in rows]
    context = {
        "refusal": exc.detail,
        "next_days": _group_by_day(found, choice.student),
        **_slots_context(request, choice, now),
    }
    return render(request, "booking/book.html", context, status=exc.status)


def _slots_context(request: HttpRequest, choice: Choice, now: datetime) -> dict[str, Any]:
    me = choice.student
    search, length = choice.search(now)
    today = me.to_local_time(now).date()
    first = max(_parse_date(request.GET.get("from", "")), today)
    last = me.to_local_time(now + search.schedule.window).date()
    span = midnight(first, me.zone), midnight(first + PAGE, me.zone)
    slots = search.find(span, length, now)
    later = [] if slots else search.find_next((span[1], span[1] + length), now)[:1]
    minutes = int(length.total_seconds() // 60)
    return {
        "choice": choice,
        "days": _group_by_day(slots, me),
        "first_free": _group_by_day(later, me),
        "lengths": [] if choice.lesson else search.schedule.lesson_minutes,
        "minutes": minutes,
        "query": "" if choice.lesson else f"&minutes={minutes}",
        "previous_from": max(first - PAGE, today) if first > today else None,
        "next_from": first + PAGE if first + PAGE <= last else None,
        "is_request": _is_request(choice, search, now),
    }


def _is_request(choice: Choice, search: SlotSearch, now: datetime) -> bool:
    if choice.lesson is not None:
        return needs_confirmation(choice.lesson, choice.student, now)
    return search.schedule.requires_confirmation


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest, tutor_id: int) -> HttpResponse:
    """The slot that is held, which the student books or gives back."""
    me = current_student(request)
    tutor = access_tutor(me, tutor_id)
    now = timezone.now()
    held = find_hold(tutor, me, now)
    if held is None:
        messages.error(request, _("The time is no longer held for you. Choose it again."))
        return redirect("web:book", tutor.pk)
    choice = Choice(tutor, me, _minutes_of(held), held.lesson)
    if request.method == "POST":
        return _answer(request, choice, held, now)
    search, _length = choice.search(now)
    context = {"choice": choice, "hold": held, "is_request": _is_request(choice, search, now)}
    return render(request, "booking/hold.html", context)


def _answer(request: HttpRequest, choice: Choice, held: SlotHold, now: datetime) -> HttpResponse:
    check_rate_limit(request, "booking")
    if request.POST.get("answer") != "book":
        release_hold(choice.tutor, choice.student)
        return redirect(f"{choice.url}?minutes={choice.minutes}" if not held.lesson else choice.url)
    try:
        lesson = _book(choice, held, now)
    except DomainError as exc:
        release_hold(choice.tutor, choice.student)
        return _render_refused(request, choice, exc, now)
    messages.success(request, _describe_booking(choice, lesson))
    return redirect("web:lesson", lesson.pk)


def _book(choice: Choice, held: SlotHold, now: datetime) -> Lesson:
    if choice.lesson is not None:
        if not may_move(choice.lesson, choice.student, now):
            raise not_bookable(_("This lesson can no longer be moved."))
        return move_lesson(
            lesson=choice.lesson, student=choice.student, starts_at=held.starts_at, now=now
        )
    wish = BookingWish(held.starts_at, choice.minutes)
    return book_lesson(tutor=choice.tutor, student=choice.student, wish=wish, now=now)


def _describe_booking(choice: Choice, lesson: Lesson) -> str:
    if lesson.is_requested:
        return _("Sent. Your tutor answers, and until then the time is held for you.")
    return _("Moved.") if choice.lesson else _("Booked.")


def _minutes_of(held: SlotHold) -> int:
    return int((held.ends_at - held.starts_at).total_seconds() // 60)


def _group_by_day(slots: list[Span], me: User) -> Days:
    """Days of the student with each start as it is sent back and as it is shown."""
    local = [me.to_local_time(starts_at) for starts_at, _ends_at in slots]
    return [
        (day, [(start.isoformat(), clock_time(start)) for start in starts])
        for day, starts in groupby(local, key=datetime.date)
    ]


def _parse_minutes(text: str) -> int | None:
    minutes = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else None
    return minutes or None


def _parse_date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return date.min
    return day if 2000 < day.year < 2198 else date.min
