"""Describes a recurrence rule in words, such as “every 2 weeks: Monday, Thursday”."""

from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from apps.lessons.models import LessonSeries
from apps.lessons.series.rules import Rule, parse_rule


def describe_rule(rrule: str) -> str:
    rule = parse_rule(rrule)
    days = _days(rule)
    return f"{_frequency(rule)}: {', '.join(days)}" if days else _frequency(rule)


def describe_series(series: LessonSeries) -> str:
    """With its weekday, also where the rule leaves that to the first date."""
    rule = parse_rule(series.rrule)
    if rule.freq == "WEEKLY" and not rule.byday:
        return f"{_frequency(rule)}: {_weekday(series.starts_at.weekday(), None)}"
    return describe_rule(series.rrule)


def _frequency(rule: Rule) -> str:
    n, values = rule.interval, {"n": rule.interval}
    if rule.freq == "DAILY":
        many = ngettext("every %(n)s day", "every %(n)s days", n) % values
        return _("every day") if n == 1 else many
    if rule.freq == "WEEKLY":
        many = ngettext("every %(n)s week", "every %(n)s weeks", n) % values
        return _("every week") if n == 1 else many
    many = ngettext("every %(n)s month", "every %(n)s months", n) % values
    return _("every month") if n == 1 else many


def _days(rule: Rule) -> list[str]:
    """Months and positions within a set of days are rare, and left to the list of the lessons."""
    by_weekday = sorted(rule.byday, key=lambda day: (day.weekday, day.n or 0))
    days = [_weekday(day.weekday, day.n) for day in by_weekday]
    for number in rule.numbers.get("BYMONTHDAY", ()):
        days.append(_("day %(n)s") % {"n": number} if number > 0 else _("the end of the month"))
    return days


def _weekday(number: int, position: int | None) -> str:
    name = str(WEEKDAYS[number])
    if get_language() == "uk":  # Django capitalises Ukrainian weekdays
        name = name.lower()
    if position is None:
        return name
    return _on_position(name, position, is_masculine=number in _MASCULINE)


_MASCULINE = (0, 1, 3)  # понеділок, вівторок, четвер


def _on_position(day: str, position: int, *, is_masculine: bool) -> str:
    """“the second Friday of the month”. Ukrainian needs the gender of the weekday."""
    masculine = {
        1: pgettext("masculine weekday", "the first %(day)s of the month"),
        2: pgettext("masculine weekday", "the second %(day)s of the month"),
        3: pgettext("masculine weekday", "the third %(day)s of the month"),
        4: pgettext("masculine weekday", "the fourth %(day)s of the month"),
        5: pgettext("masculine weekday", "the fifth %(day)s of the month"),
        -1: pgettext("masculine weekday", "the last %(day)s of the month"),
        -2: pgettext("masculine weekday", "the second-last %(day)s of the month"),
        -3: pgettext("masculine weekday", "the third-last %(day)s of the month"),
        -4: pgettext("masculine weekday", "the fourth-last %(day)s of the month"),
        -5: pgettext("masculine weekday", "the fifth-last %(day)s of the month"),
    }
    feminine = {
        1: pgettext("feminine weekday", "the first %(day)s of the month"),
        2: pgettext("feminine weekday", "the second %(day)s of the month"),
        3: pgettext("feminine weekday", "the third %(day)s of the month"),
        4: pgettext("feminine weekday", "the fourth %(day)s of the month"),
        5: pgettext("feminine weekday", "the fifth %(day)s of the month"),
        -1: pgettext("feminine weekday", "the last %(day)s of the month"),
        -2: pgettext("feminine weekday", "the second-last %(day)s of the month"),
        -3: pgettext("feminine weekday", "the third-last %(day)s of the month"),
        -4: pgettext("feminine weekday", "the fourth-last %(day)s of the month"),
        -5: pgettext("feminine weekday", "the fifth-last %(day)s of the month"),
    }
    return (masculine if is_masculine else feminine)[position] % {"day": day}
