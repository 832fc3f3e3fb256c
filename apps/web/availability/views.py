"""When students can book lessons: a tutor's week, dates that differ, and rules."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import User
from apps.booking.availability import (
    AvailabilityPlan,
    Windows,
    get_availability,
    list_windows,
    replace_availability,
)
from apps.booking.models import Availability
from apps.booking.models.availability import MAX_EXCEPTIONS
from apps.common.errors import DomainError
from apps.web.availability.forms import DateForm, RulesForm, WeekForm, to_clock
from apps.web.shared.access import current_tutor

RULES = (
    *("buffer_minutes", "minimum_notice_minutes", "booking_window_days"),
    "requires_confirmation",
)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def availability(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    current = get_availability(me)
    weekly, exceptions = list_windows(current)
    sent = request.POST if request.method == "POST" else None
    week, rules = WeekForm(sent, weekly), RulesForm(sent, current)
    if sent is not None and week.is_valid() and rules.is_valid():
        replace_availability(tutor=me, plan=_plan(week.weekly, exceptions, rules.cleaned_data))
        messages.success(request, _("Saved."))
        return redirect("web:availability")
    return _render(request, me, week=week, rules=rules)


def _plan(weekly: Windows, exceptions: Windows, rules: dict[str, Any]) -> AvailabilityPlan:
    return AvailabilityPlan(
        timezone=rules["timezone"],
        weekly=weekly,
        exceptions=exceptions,
        lesson_minutes=rules["lesson_minutes"],
        settings={name: rules[name] for name in RULES},
    )


def _render(request: HttpRequest, me: User, **forms: Any) -> HttpResponse:
    current = get_availability(me)
    weekly, exceptions = list_windows(current)
    today = me.to_local_time(timezone.now()).date()
    context = {
        "week": WeekForm(None, weekly),
        "rules": RulesForm(None, current),
        "date_form": DateForm(),
        "dates": [
            (day, [(to_clock(a), to_clock(b)) for a, b in windows])
            for day, windows in sorted(exceptions.items())
            if day >= today
        ],
        "is_offered": any(weekly.values()) or any(exceptions.values()),
        **forms,
    }
    has_errors = any(form.errors for form in forms.values())
    return render(
        request, "availability/availability.html", context, status=400 if has_errors else 200
    )


@login_required
@require_POST
def add_date(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    form = DateForm(request.POST)
    if form.is_valid():
        try:
            _replace_dates(me, form.add_to(list_windows(get_availability(me))[1]))
        except DomainError as exc:
            texts = [text for found in (exc.fields or {}).values() for text in found]
            form.add_error("ends", texts or [exc.detail])
        else:
            messages.success(request, _("Saved."))
            return redirect("web:availability")
    return _render(request, me, date_form=form)


@login_required
@require_POST
def delete_date(request: HttpRequest) -> HttpResponse:
    """The weekday's hours hold again."""
    me = current_tutor(request)
    exceptions = list_windows(get_availability(me))[1]
    sent = request.POST.get("date", "")
    _replace_dates(me, {day: kept for day, kept in exceptions.items() if f"{day}" != sent})
    messages.success(request, _("Deleted."))
    return redirect("web:availability")


def _replace_dates(me: User, exceptions: Windows) -> None:
    """Dates that are over are dropped first when there are too many."""
    current = get_availability(me)
    if len(exceptions) > MAX_EXCEPTIONS:
        exceptions = dict(sorted(exceptions.items())[-MAX_EXCEPTIONS:])
    weekly, _exceptions = list_windows(current)
    replace_availability(tutor=me, plan=_plan(weekly, exceptions, _rules_of(current)))


def _rules_of(current: Availability) -> dict[str, Any]:
    names = ("timezone", "lesson_minutes", *RULES)
    return {name: getattr(current, name) for name in names}
