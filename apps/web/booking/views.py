"""Pages on which students book lessons and tutors answer their requests."""

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import User
from apps.booking.availability import get_availability
from apps.booking.policies import access_tutor
from apps.booking.queries import list_slots
from apps.booking.requests import confirm_lesson, decline_lesson
from apps.booking.services import BookingWish, book_lesson
from apps.booking.slots import Span
from apps.common.errors import DomainError
from apps.common.parsing import midnight, parse_instant
from apps.common.rate_limits import check_rate_limit
from apps.common.zones import clock_time
from apps.lessons.policies import Action, access_lesson
from apps.web.shared.access import current_student, current_tutor

PAGE = timedelta(days=14)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, tutor_id: int) -> HttpResponse:
    me = current_student(request)
    tutor = access_tutor(me, tutor_id)
    minutes = _parse_minutes(request.POST.get("minutes") or request.GET.get("minutes", ""))
    if request.method == "POST":
        return _book(request, tutor, me, minutes)
    now = timezone.now()
    availability = get_availability(tutor)
    first = max(_parse_date(request.GET.get("from", "")), me.to_local_time(now).date())
    span = midnight(first, me.zone), midnight(first + PAGE, me.zone)
    last = me.to_local_time(now + timedelta(days=availability.booking_window_days)).date()
    context = {
        "tutor": tutor,
        "days": _group_by_day(list_slots(tutor, me, span, minutes, now), me),
        "lengths": availability.lesson_minutes,
        "minutes": minutes or availability.lesson_minutes[0],
        "next_from": first + PAGE if first + PAGE <= last else None,
        "requires_confirmation": availability.requires_confirmation,
    }
    return render(request, "booking/book.html", context)


def _book(request: HttpRequest, tutor: User, me: User, minutes: int | None) -> HttpResponse:
    check_rate_limit(request, "booking")
    starts_at = parse_instant(request.POST.get("starts_at", ""))
    if starts_at is None:
        return redirect("web:book", tutor.pk)
    try:
        lesson = book_lesson(
            tutor=tutor, student=me, wish=BookingWish(starts_at, minutes), now=timezone.now()
        )
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("web:book", tutor.pk)
    messages.success(
        request,
        _("Sent. You will get an e-mail when your tutor answers.")
        if lesson.is_requested
        else _("Booked."),
    )
    return redirect("web:lesson", lesson.pk)


def _group_by_day(slots: list[Span], me: User) -> list[tuple[date, list[tuple[str, str]]]]:
    """Days of the student with each start as it is sent back and as it is shown."""
    local = [me.to_local_time(starts_at) for starts_at, _ends_at in slots]
    return [
        (day, [(start.isoformat(), clock_time(start)) for start in starts])
        for day, starts in groupby(local, key=datetime.date)
    ]


def _parse_minutes(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else None


def _parse_date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return date.min
    return day if 2000 < day.year < 2198 else date.min


@login_required
@require_POST
def answer(request: HttpRequest, lesson_id: int) -> HttpResponse:
    lesson = access_lesson(current_tutor(request), lesson_id, to=Action.EDIT)
    change: Any = {"confirm": _confirm, "decline": _decline}.get(request.POST.get("answer", ""))
    if change is not None:
        try:
            messages.success(request, change(lesson))
        except DomainError as exc:
            messages.error(request, exc.detail)
    return redirect("web:lesson", lesson.pk)


def _confirm(lesson: Any) -> str:
    confirm_lesson(lesson=lesson, now=timezone.now())
    return _("Confirmed. Your student gets an e-mail.")


def _decline(lesson: Any) -> str:
    decline_lesson(lesson=lesson, reason="", now=timezone.now())
    return _("Declined. Your student gets an e-mail.")
