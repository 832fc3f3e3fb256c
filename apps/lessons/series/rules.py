"""Recurrence rules (RFC 5545, RRULE) of lesson series, expanded by python-dateutil.

A rule is evaluated on wall-clock dates, and each date is then converted in the series' time zone:
17:00 stays 17:00 when clocks change.
"""

import re
from calendar import isleap
from calendar import weekday as weekday_of
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MO, MONTHLY, WEEKLY, rrule, weekday
from django.utils.translation import gettext as _

from apps.common.errors import DomainError, invalid

MAX_OCCURRENCES = 400
MAX_INTERVAL = 366
MAX_TEXT = 500
FREQUENCIES: dict[str, Literal[1, 2, 3]] = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY}
LAST_YEAR = 2199

MAX_YEARS = 40  # after the first date, beyond which no lesson is looked for
_WEEKDAYS = tuple(weekday(number) for number in range(7))
_NAMES = {str(day): day for day in _WEEKDAYS}
_PART = re.compile(r"([A-Z]+)=([A-Z0-9,+-]+)", re.ASCII)
_BYDAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_UNTIL = re.compile(r"(\d{8})(T\d{6})?(Z)?", re.ASCII)
_NUMBER_LISTS = {
    "BYMONTH": range(1, 13),
    "BYMONTHDAY": range(-31, 32),
    "BYSETPOS": range(-31, 32),
}
_OTHER_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed RRULE value. `until` is a local date, a local time or an instant in UTC."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    wkst: weekday = MO
    byday: tuple[weekday, ...] = ()
    numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.count is None and self.until is None

    def last_date(self, start_time: time, zone: ZoneInfo) -> date | None:
        """The last local date that `until` allows, for lessons that start at `start_time`."""
        if not isinstance(self.until, datetime):
            return self.until
        local = self.until
        if local.tzinfo is not None:
            day = local.astimezone(zone).date()
            included = to_instant(datetime.combine(day, start_time), zone) <= local
        else:
            day, included = local.date(), start_time <= local.time()
        return day if included else day - timedelta(days=1)

    def ending_on(self, last: date | None) -> "Rule":
        return replace(self, count=None, until=last)

    def moved_by_days(self, days: int) -> "Rule | None":
        """The rule whose dates are this one's, each `days` later; None if no rule says that."""
        if days == 0:
            return self
        if self.freq == "MONTHLY" or self.numbers.keys() - {"BYSETPOS"}:
            return None
        moved = [_WEEKDAYS[(day.weekday + days) % 7] for day in self.byday]
        until = self.until + timedelta(days=days) if self.until is not None else None
        wkst = _WEEKDAYS[(self.wkst.weekday + days) % 7]
        return replace(self, byday=tuple(moved), wkst=wkst, until=until)

    def __str__(self) -> str:
        parts = [f"FREQ={self.freq}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={_format_until(self.until)}")
        if self.byday:
            parts.append("BYDAY=" + ",".join(_format_day(day) for day in self.byday))
        for name, numbers in self.numbers.items():
            parts.append(f"{name}=" + ",".join(str(number) for number in numbers))
        if self.wkst != MO:
            parts.append(f"WKST={self.wkst}")
        return ";".join(parts)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule with its first wall-clock time and its time zone.

    `day_shift` is for a monthly rule whose lessons were all moved by days, which no rule expresses.
    """

    rule: Rule
    start: datetime  # without time zone
    zone: ZoneInfo
    day_shift: int = 0
    skip_dates: Collection[date] = ()

    def occurrences(self, *, first: date = date.min, last: date = date.max) -> list[datetime]:
        """The starts in UTC, in order, on the local dates from `first` to `last`.

        A time that a clock change skips is moved forward by the gap; of one that comes twice it is
        the first. Raises `validation_error` for more than MAX_OCCURRENCES.
        """
        skipped = frozenset(self.skip_dates)
        dates = (day for day in self._dates(last) if day >= first and day not in skipped)
        found = list(islice(dates, MAX_OCCURRENCES + 1))
        if len(found) > MAX_OCCURRENCES:
            raise _too_many()
        at = self.start.time()
        # Where a whole day was skipped (Samoa, 30 December 2011), two dates are one instant.
        return sorted({to_instant(datetime.combine(day, at), self.zone) for day in found})

    def _dates(self, last: date) -> Iterator[date]:
        """Local dates up to `last`, `day_shift` included."""
        shift = timedelta(days=self.day_shift)
        until = self.rule.last_date(self.start.time(), self.zone) or date.max
        until = min(until, min(last, date(LAST_YEAR, 12, 31)) - shift)
        until = min(until, date(min(self.start.year + MAX_YEARS, LAST_YEAR), 12, 31))
        years = shift_to_last_years(self.start.year)
        begin = _shift_years(self.start.date(), years)
        rule = self.rule
        dates = rrule(
            FREQUENCIES[rule.freq],
            dtstart=datetime.combine(begin, time()),
            interval=rule.interval,
            wkst=rule.wkst,
            count=rule.count,
            byweekday=rule.byday or None,
            bymonth=rule.numbers.get("BYMONTH"),
            bymonthday=rule.numbers.get("BYMONTHDAY"),
            bysetpos=rule.numbers.get("BYSETPOS"),
        )
        for each in dates:
            day = _shift_years(each.date(), -years)
            if day > until:
                return
            yield day + shift


def to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """PEP 495: with fold=0 a skipped time is read with the offset before the gap, which moves it
    forward, and a doubled time is the first of the two."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def parse_rule(text: str) -> Rule:
    """Raises `validation_error` for anything but a RRULE value that series support."""
    parts = _split(text)
    freq = parts.get("FREQ", "")
    if freq not in FREQUENCIES:
        raise _bad(_("FREQ must be DAILY, WEEKLY or MONTHLY."))
    if "COUNT" in parts and "UNTIL" in parts:
        raise _bad(_("A rule ends by COUNT or by UNTIL, not by both."))
    numbers = {name: _numbers(name, parts[name]) for name in _NUMBER_LISTS if name in parts}
    byday = _parse_days(parts["BYDAY"], freq) if "BYDAY" in parts else ()
    if "BYMONTHDAY" in numbers and freq == "WEEKLY":
        raise _bad(_("BYMONTHDAY does not go with FREQ=WEEKLY."))
    if "BYSETPOS" in numbers and not byday and "BYMONTHDAY" not in numbers:
        raise _bad(_("BYSETPOS needs BYDAY or BYMONTHDAY."))
    return Rule(
        freq=freq,
        interval=_one_number("INTERVAL", parts, range(1, MAX_INTERVAL + 1)) or 1,
        count=_one_number("COUNT", parts, range(1, MAX_OCCURRENCES + 1)),
        until=_parse_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        wkst=_parse_wkst(parts.get("WKST", "MO")),
        byday=byday,
        numbers=numbers,
    )


def _split(text: str) -> dict[str, str]:
    if len(text) > MAX_TEXT:
        raise _bad(_("The rule is too long."))
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        found = _PART.fullmatch(part)
        if found is None:
            raise _bad(_("Enter a recurrence rule, such as FREQ=WEEKLY;BYDAY=MO,TH;COUNT=20."))
        name, value = found.groups()
        if name in parts:
            raise _bad(_("%(part)s stands twice.") % {"part": name})
        if name not in _OTHER_PARTS and name not in _NUMBER_LISTS:
            raise _bad(_("%(part)s is not supported here.") % {"part": name})
        parts[name] = value
    return parts


def _one_number(name: str, parts: dict[str, str], allowed: range) -> int | None:
    if name not in parts:
        return None
    text = parts[name]
    if not (text.isdecimal() and len(text) < 10 and int(text) in allowed):
        raise _out_of_range(name, allowed)
    return int(text)


def _numbers(name: str, text: str) -> tuple[int, ...]:
    allowed = _NUMBER_LISTS[name]
    found = text.split(",")
    if not all(_NUMBER.fullmatch(one) and int(one) and int(one) in allowed for one in found):
        raise _out_of_range(name, allowed)
    return tuple(dict.fromkeys(int(one) for one in found))


def _parse_days(text: str, freq: str) -> tuple[weekday, ...]:
    days: dict[weekday, None] = {}
    for one in text.split(","):
        found = _BYDAY.fullmatch(one)
        if found is None:
            raise _bad(_("BYDAY lists days such as MO, or -1FR in a monthly rule."))
        ordinal, name = found.groups()
        if ordinal is not None and freq != "MONTHLY":
            raise _bad(_("Only a monthly rule can say which %(day)s.") % {"day": name})
        days[_NAMES[name](int(ordinal)) if ordinal else _NAMES[name]] = None
    if len({day.n is None for day in days}) > 1:  # dateutil would intersect the two kinds
        raise _bad(_("BYDAY takes either plain days or days such as -1FR, not both."))
    return tuple(days)


def _parse_wkst(text: str) -> weekday:
    if text not in _NAMES:
        raise _bad(_("WKST is the first day of the week, such as MO."))
    return _NAMES[text]


def _parse_until(text: str) -> date | datetime:
    found = _UNTIL.fullmatch(text)
    day, clock, utc = found.groups() if found else ("", None, None)
    form = "%Y%m%dT%H%M%S" if clock else "%Y%m%d"
    try:
        if utc and not clock:
            raise ValueError
        parsed = datetime.strptime(day + (clock or ""), form)  # noqa: DTZ007 -- may be local
    except ValueError:
        raise _bad(
            _("UNTIL is a date such as 20261231 or a time such as 20261231T150000Z.")
        ) from None
    if not 1900 < parsed.year < LAST_YEAR:
        raise _bad(_("The year must be between 1901 and 2198."))
    if not clock:
        return parsed.date()
    return parsed.replace(tzinfo=UTC) if utc else parsed


def _format_until(until: date | datetime) -> str:
    if not isinstance(until, datetime):
        return f"{until:%Y%m%d}"
    return f"{until:%Y%m%dT%H%M%S}" + ("Z" if until.tzinfo is not None else "")


def _format_day(day: weekday) -> str:
    return f"{day.n or ''}{_WEEKDAYS[day.weekday]}"


@cache
def shift_to_last_years(year: int) -> int:
    """How many years later the calendar is the same as from `year` on, and soon ends.

    dateutil looks for the next date until the year 9999. A rule without dates would cost a second
    of CPU time, so dates are shifted by this and back. Between two centuries the calendar repeats
    after 28 years; across the turn of one that is no leap year only after 400.
    """
    if any(one % 100 == 0 and not isleap(one) for one in range(year, year + MAX_YEARS + 1)):
        return (MAXYEAR - MAX_YEARS - year) // 400 * 400
    first = MAXYEAR - MAX_YEARS - 27
    return next(
        other - year
        for other in range(first, first + 28)
        if other % 4 == year % 4 and weekday_of(other, 1, 1) == weekday_of(year, 1, 1)
    )


def _shift_years(day: date, years: int) -> date:
    return day.replace(year=day.year + years)


def _bad(sentence: str) -> DomainError:
    return invalid(rrule=sentence)


def _out_of_range(name: str, allowed: range) -> DomainError:
    message = _("%(part)s must be between %(first)s and %(last)s, and not 0.")
    return _bad(message % {"part": name, "first": allowed[0], "last": allowed[-1]})


def _too_many() -> DomainError:
    message = _("At most %(n)s lessons in a series. Choose an earlier end.")
    return _bad(message % {"n": MAX_OCCURRENCES})
