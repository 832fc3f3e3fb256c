"""The days without lessons that a tutor keeps, and Ukrainian school holidays as suggestions."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.common.errors import invalid
from apps.lessons.models import MAX_HOLIDAYS, Holiday

MAX_DAYS = 120  # of one entry
_YEAR = timedelta(weeks=52)
# Recommended for 2025/26, when each school decided for itself; the source is in docs/series.md.
_PUBLISHED_FOR = 2025
_PUBLISHED = (
    (gettext_lazy("Autumn holidays"), date(2025, 10, 27), date(2025, 11, 2)),
    (gettext_lazy("Winter holidays"), date(2025, 12, 27), date(2026, 1, 11)),
    (gettext_lazy("Spring holidays"), date(2026, 3, 23), date(2026, 3, 29)),
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`is_estimated`: the same weeks as in the last year for which dates were published."""

    name: str
    first_date: date
    last_date: date
    is_estimated: bool


def suggest_school_holidays(today: date) -> list[Suggestion]:
    """Those of this school year and the next that are not over."""
    school_year = today.year if today.month >= 7 else today.year - 1
    found = []
    for year in (school_year, school_year + 1):
        shift = _YEAR * (year - _PUBLISHED_FOR)
        for name, first, last in _PUBLISHED if year >= _PUBLISHED_FOR else ():
            if last + shift >= today:
                is_estimated = year > _PUBLISHED_FOR
                found.append(Suggestion(str(name), first + shift, last + shift, is_estimated))
    return found


@transaction.atomic
def add_holiday(*, tutor: User, name: str, first_date: date, last_date: date) -> Holiday:
    """Return the holiday, which may exist already. Raises `validation_error`."""
    if last_date < first_date:
        raise invalid(last_date=_("The last day must not be before the first."))
    if (last_date - first_date).days >= MAX_DAYS:
        raise invalid(last_date=_("At most %(n)s days at once.") % {"n": MAX_DAYS})
    # Simultaneous requests would all pass the limit without this lock.
    list(User.objects.select_for_update(no_key=True).filter(pk=tutor.pk).values_list("pk"))
    if Holiday.objects.filter(tutor=tutor).count() >= MAX_HOLIDAYS:
        raise invalid(first_date=_("At most %(n)s entries.") % {"n": MAX_HOLIDAYS})
    same = {"tutor": tutor, "name": name, "first_date": first_date, "last_date": last_date}
    try:
        with transaction.atomic():
            return Holiday.objects.create(**same)
    except IntegrityError:
        return Holiday.objects.get(**same)


def load_holidays(tutor: User) -> list[Holiday]:
    return list(Holiday.objects.filter(tutor=tutor))


def days_of(holidays: Iterable[Holiday], dates: Collection[date]) -> set[date]:
    """Those of `dates` that are in the holidays."""
    spans = [(holiday.first_date, holiday.last_date) for holiday in holidays]
    return {day for day in dates if any(first <= day <= last for first, last in spans)}
