"""Instants in words, by a person's clock; and a person's clock back into instants."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.accounts.models.user import known_time_zones

Region = tuple[str, list[tuple[str, str]]]


def day_in_words(day: date, today: date) -> str:
    """“today”, “tomorrow”, or the day with its weekday (and year, where that is another)."""
    if day == today:
        return _("today")
    if day - today == timedelta(days=1):
        return _("tomorrow")
    if today - day == timedelta(days=1):
        return _("yesterday")
    words = date_format(day, "l, j E" if day.year == today.year else "l, j E Y")
    # Django's Ukrainian weekdays are capitalised, as the language does not do within a sentence.
    return words[0].lower() + words[1:] if get_language() == "uk" else words


def span_in_words(start: datetime, end: datetime, zone: ZoneInfo, now: datetime) -> str:
    """“Monday, 2 March, 15:00–16:00”, by the clock of `zone`."""
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    day = day_in_words(begins.date(), now.astimezone(zone).date())
    return f"{day}, {begins:%H:%M}–{ends:%H:%M}"


def until_in_words(end: datetime, zone: ZoneInfo, now: datetime) -> str:
    """“until 18:30 today”."""
    local, today = end.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return _("until %(time)s today") % {"time": clock}
    if local.date() - today == timedelta(days=1):
        return _("until %(time)s tomorrow") % {"time": clock}
    day = date_format(local, "j E" if local.year == today.year else "j E Y")
    return _("until %(time)s on %(day)s") % {"time": clock, "day": day}


def instant_at(day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    """The instant (UTC) when the clocks of `zone` show this; None where they skip it. Of an hour
    that comes twice, the first."""
    local = datetime.combine(day, clock, zone)
    instant = local.astimezone(UTC)
    shown = instant.astimezone(zone)
    return instant if shown.replace(tzinfo=None) == local.replace(tzinfo=None) else None


@cache
def _canonical_zones() -> tuple[str, ...]:
    """Of the names that mean the same zone, the one that the tz database lists for a place."""
    for folder in TZPATH:
        table = Path(folder) / "zone.tab"
        if table.is_file():
            rows = [line.split("\t") for line in table.read_text().splitlines() if line[:1] != "#"]
            listed = {row[2] for row in rows if len(row) > 2}
            return tuple(sorted(listed & known_time_zones()))
    return tuple(sorted(name for name in known_time_zones() if "/" in name))


def zone_regions(now: datetime, chosen: str) -> list[Region]:
    """The zones by continent, each with its offset at `now`; `chosen` is among them."""
    regions: dict[str, list[tuple[str, str]]] = {}
    names = _canonical_zones()
    if chosen in known_time_zones() and chosen not in names:
        names = (chosen, *names)
    for name in names:
        region, _slash, city = name.partition("/")
        offset = now.astimezone(ZoneInfo(name)).strftime("%z")
        label = f"{(city or region).replace('_', ' ')} (UTC{offset[:3]}:{offset[3:]})"
        regions.setdefault(region, []).append((name, label))
    return sorted(regions.items(), key=lambda item: (item[0] != "Europe", item[0]))
