"""Describes a recurrence rule in words, such as “every 2 weeks: Monday, Thursday”."""

from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, ngettext
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
    days = [_weekday(day.weekday, day.n) for day in sorted(rule.byday, key=lambda d: d.weekday)]
    for number in rule.numbers.get("BYMONTHDAY", ()):
        days.append(_("day %(n)s") % {"n": number} if number > 0 else _("the end of the month"))
    return days


def _weekday(number: int, position: int | None) -> str:
    name = str(WEEKDAYS[number])
    if get_language() == "uk":  # Django capitalises Ukrainian weekdays
        name = name.lower()
    if position is None:
        return name
    if position < 0:
        return _("%(day)s, the last one") % {"day": name}
    return _("%(day)s no. %(n)s of the month") % {"day": name, "n": position}
