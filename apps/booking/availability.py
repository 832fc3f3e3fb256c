"""Reads and replaces a tutor's availability."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.booking.models import Availability, AvailabilityWindow, ExternalCalendar
from apps.booking.models.availability import MAX_EXCEPTION_WINDOWS, default_lesson_minutes
from apps.booking.slots import Minutes, Schedule
from apps.common.db import select_rows
from apps.common.errors import invalid
from apps.common.zones import find_zone

Windows = dict[Any, list[Minutes]]  # by weekday or by date


# The rows of Holiday and of AvailabilityWindow. SQLite names the type of a column by the first
# SELECT, and so makes dates of the first two.
_DAYS = """
SELECT holiday.first_date, holiday.last_date, CAST(NULL AS smallint), CAST(NULL AS smallint),
    CAST(NULL AS smallint), 0
FROM lessons_holiday AS holiday WHERE holiday.tutor_id = %s
UNION ALL
SELECT day.date, day.date, day.weekday, day.starts_minute, day.ends_minute, 1
FROM booking_availabilitywindow AS day WHERE day.availability_id = %s
"""


@dataclass(frozen=True, slots=True)
class AvailabilityPlan:
    """A whole availability. An exception without windows is a closed date."""

    timezone: str
    weekly: Windows = field(default_factory=dict)
    exceptions: Windows = field(default_factory=dict)
    lesson_minutes: Sequence[int] = field(default_factory=default_lesson_minutes)
    settings: dict[str, Any] = field(default_factory=dict)


def get_availability(tutor: User) -> Availability:
    """The stored one, or one without windows that is not stored."""
    found = Availability.objects.filter(tutor=tutor).first()
    return found or Availability(tutor=tutor, timezone=tutor.timezone)


@dataclass(frozen=True, slots=True)
class Days:
    """Windows by weekday and by date, each in order, and the first and last dates of holidays."""

    weekly: Windows = field(default_factory=lambda: defaultdict(list))
    exceptions: Windows = field(default_factory=lambda: defaultdict(list))
    holidays: list[tuple[date, date]] = field(default_factory=list)


def load_days(availability: Availability) -> Days:
    """In one query."""
    days = Days()
    rows = select_rows(_DAYS, availability.tutor_id, availability.tutor_id)
    for first, last, weekday, begins, ends, is_window in sorted(rows, key=lambda row: row[3] or 0):
        if not is_window:
            days.holidays.append((first, last))
            continue
        windows = days.weekly[weekday] if first is None else days.exceptions[first]
        if begins is not None:
            windows.append((begins, ends))
    return days


def list_windows(availability: Availability) -> tuple[Windows, Windows]:
    """Windows by weekday and by date, each in order."""
    days = load_days(availability)
    return days.weekly, days.exceptions


def load_schedule(availability: Availability) -> Schedule:
    """In one query."""
    days = load_days(availability)
    return Schedule(
        zone=find_zone(availability.timezone),
        weekly=days.weekly,
        exceptions=days.exceptions,
        holidays=days.holidays,
        lesson_minutes=availability.lesson_minutes,
        buffer=availability.buffer,
        notice=timedelta(minutes=availability.minimum_notice_minutes),
        window=timedelta(days=availability.booking_window_days),
        requires_confirmation=availability.requires_confirmation,
    )


@transaction.atomic
def replace_availability(*, tutor: User, plan: AvailabilityPlan) -> Availability:
    """Raises `validation_error` for windows of a day that overlap, or too many ones."""
    if sum(map(len, plan.exceptions.values())) > MAX_EXCEPTION_WINDOWS:
        most = {"n": MAX_EXCEPTION_WINDOWS}
        raise invalid(exceptions=_("At most %(n)s windows in all.") % most)
    for name, by_day in (("weekly", plan.weekly), ("exceptions", plan.exceptions)):
        _check_windows(name, by_day)
    # Of simultaneous requests the last one wins as a whole.
    list(User.objects.select_for_update(no_key=True).filter(pk=tutor.pk).values_list("pk"))
    if get_availability(tutor).timezone != plan.timezone:  # of floating times in calendars
        ExternalCalendar.objects.filter(tutor=tutor).update(expanded_at=None)
    availability, _created = Availability.objects.update_or_create(
        tutor=tutor,
        defaults={
            "timezone": plan.timezone,
            "lesson_minutes": list(plan.lesson_minutes),
            **plan.settings,
        },
    )
    AvailabilityWindow.objects.filter(availability=availability).delete()
    AvailabilityWindow.objects.bulk_create(_rows(availability, plan))
    return availability


def _rows(availability: Availability, plan: AvailabilityPlan) -> list[AvailabilityWindow]:
    rows = []
    for weekday, windows in plan.weekly.items():
        rows += [_row(availability, window, weekday=weekday) for window in windows]
    for day, windows in plan.exceptions.items():
        known: list[Minutes | None] = [*windows] or [None]
        rows += [_row(availability, window, date=day) for window in known]
    return rows


def _row(
    availability: Availability,
    window: Minutes | None,
    *,
    weekday: int | None = None,
    date: date | None = None,
) -> AvailabilityWindow:
    begins, ends = window or (None, None)
    return AvailabilityWindow(
        availability=availability,
        weekday=weekday,
        date=date,
        starts_minute=begins,
        ends_minute=ends,
    )


def _check_windows(name: str, by_day: Windows) -> None:
    for windows in by_day.values():
        ordered = sorted(windows)
        for begins, ends in ordered:
            if begins >= ends:
                raise invalid(**{name: _("A window must end after it starts.")})
        for (_begins, ends), (following, _ends) in pairwise(ordered):
            if following < ends:
                raise invalid(**{name: _("Windows of one day must not overlap.")})
