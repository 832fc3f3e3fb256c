"""A tutor's public page, on which newcomers ask for a first lesson. Nothing on it is about
students, and it answers the same for every address."""

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.booking.first_lessons import (
    Newcomer,
    ask_for_first_lesson,
    find_page,
    search_for_newcomer,
)
from apps.booking.models import BookingPage
from apps.booking.slots import Span
from apps.common.errors import DomainError
from apps.common.parsing import midnight, parse_instant
from apps.common.rate_limits import check_rate_limit
from apps.common.zones import clock_time, find_zone, known_time_zones
from apps.web.first_lessons.forms import NewcomerForm, ZoneForm
from apps.web.shared.form_errors import add_domain_error

SHOWN = timedelta(days=14)


@require_safe
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Free times of the next two weeks, or of the two that begin with the first free one."""
    check_rate_limit(request, "booking-page")
    found = find_page(slug)
    zone = _zone_of(request, found.tutor)
    context = {
        "page": found,
        "zone": zone,
        "zone_form": ZoneForm(initial={"timezone": zone}),
        **_find_times(found.tutor, zone, timezone.now()),
    }
    return render(request, "first_lessons/page.html", context)


def _zone_of(request: HttpRequest, tutor: User) -> str:
    name = request.GET.get("timezone", "")
    return name if name in known_time_zones() else tutor.timezone


def _find_times(tutor: User, zone: str, now: datetime) -> dict[str, Any]:
    search, length = search_for_newcomer(tutor, zone)
    local = find_zone(zone)
    start = midnight(now.astimezone(local).date(), local)
    slots = search.find((start, start + SHOWN), length, now)
    if not slots:
        later = search.find_next((now, now + length), now)[:1]
        slots = search.find((later[0][0], later[0][0] + SHOWN), length, now) if later else []
    return {"days": _group_by_day(slots, local), "minutes": int(length.total_seconds() // 60)}


def _group_by_day(slots: list[Span], zone: ZoneInfo) -> list[tuple[date, list[tuple[str, str]]]]:
    local = [starts_at.astimezone(zone) for starts_at, _ends_at in slots]
    return [
        (day, [(f"{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}", clock_time(start)) for start in starts])
        for day, starts in groupby(local, key=datetime.date)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for the chosen time, which is in the address."""
    check_rate_limit(request, "first-lesson" if request.method == "POST" else "booking-page")
    found = find_page(slug)
    starts_at = parse_instant(request.GET.get("starts_at", ""))
    if starts_at is None:
        return redirect("web:tutor-page", slug)
    form = NewcomerForm(request.POST if request.method == "POST" else None)
    zone = _zone_of(request, found.tutor)
    if form.is_valid():
        newcomer = Newcomer(timezone=zone, **form.cleaned_data)
        try:
            ask_for_first_lesson(
                tutor=found.tutor, newcomer=newcomer, starts_at=starts_at, now=timezone.now()
            )
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            return redirect("web:first-lesson-sent", slug)
    return _render_form(request, found, form, starts_at, zone)


def _render_form(
    request: HttpRequest, found: BookingPage, form: NewcomerForm, starts_at: datetime, zone: str
) -> HttpResponse:
    _search, length = search_for_newcomer(found.tutor, zone)
    context = {
        "page": found,
        "form": form,
        "zone": zone,
        "starts_at": starts_at,
        "ends_at": starts_at + length,
    }
    return render(request, "first_lessons/ask.html", context, status=400 if form.errors else 200)


@require_safe
@never_cache
def sent(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "first_lessons/sent.html", {"page": find_page(slug)})
