"""Instants in words, by a person's clock; and a person's clock back into instants."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.common.alphabet import sort_key
from apps.common.zones import (
    canonical_zone,
    clock_time,
    clock_times,
    find_zone,
    known_time_zones,
    listed_zones,
    zone_label,
)

Region = tuple[str, list[tuple[str, str]]]


def day_in_words(day: date, today: date) -> str:
    """“today”, “tomorrow”, or the day with its weekday (and year, where that is another)."""
    if day == today:
        return _("today")
    if day - today == timedelta(days=1):
        return _("tomorrow")
    if today - day == timedelta(days=1):
        return _("yesterday")
    return _whole_day(day, today)


def _whole_day(day: date, today: date) -> str:
    words = date_format(day, "l, j E" if day.year == today.year else "l, j E Y")
    # Django's Ukrainian weekdays are capitalised, as the language does not do within a sentence.
    return words[0].lower() + words[1:] if get_language() == "uk" else words


def span_in_words(
    start: datetime, end: datetime, zone: ZoneInfo, now: datetime, *, plain: bool = False
) -> str:
    """“tomorrow, 15:00–16:00”, by the clock of `zone`. `plain` writes the date out, for somebody
    else's clock: their tomorrow need not be the reader's."""
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    today = now.astimezone(zone).date()
    day = (_whole_day if plain else day_in_words)(begins.date(), today)
    return f"{day}, {'–'.join(clock_times(begins, ends))}"


def until_in_words(end: datetime, zone: ZoneInfo, now: datetime) -> str:
    """“until 18:30 today”."""
    local, today = end.astimezone(zone), now.astimezone(zone).date()
    clock = clock_time(local)
    if local.date() == today:
        return _("until %(time)s today") % {"time": clock}
    if local.date() - today == timedelta(days=1):
        return _("until %(time)s tomorrow") % {"time": clock}
    day = date_format(local, "j E" if local.year == today.year else "j E Y")
    return _("until %(time)s on %(day)s") % {"time": clock, "day": day}


def instant_at(day: date, clock: time, zone: ZoneInfo, *, fold: int = 0) -> datetime | None:
    """The instant (UTC) when the clocks of `zone` show this; None where they skip it. Of an hour
    that comes twice, the first, or with `fold` (PEP 495) the second."""
    local = datetime.combine(day, clock, zone).replace(fold=fold)
    instant = local.astimezone(UTC)
    shown = instant.astimezone(zone)
    return instant if shown.replace(tzinfo=None) == local.replace(tzinfo=None) else None


def zone_regions(now: datetime, chosen: str) -> list[Region]:
    """The zones by continent, each with its offset at `now`; `chosen` is among them. In the order
    of the reader's alphabet, Europe first."""
    regions: dict[str, list[tuple[str, str]]] = {}
    names = set(listed_zones())
    if chosen in known_time_zones():
        names.add(canonical_zone(chosen))
    for name in names:
        region = name.partition("/")[0]
        offset = now.astimezone(find_zone(name)).strftime("%z")
        label = f"{zone_label(name)} (UTC{offset[:3]}:{offset[3:]})"
        regions.setdefault(region, []).append((name, label))
    for zones in regions.values():
        zones.sort(key=lambda zone: sort_key(zone[1]))
    order = sorted(regions, key=lambda name: (name != "Europe", sort_key(_region_label(name))))
    return [(_region_label(region), regions[region]) for region in order]


def _region_label(region: str) -> str:
    labels = {
        "Africa": _("Africa"),
        "America": _("America"),
        "Antarctica": _("Antarctica"),
        "Arctic": _("Arctic"),
        "Asia": _("Asia"),
        "Atlantic": _("Atlantic Ocean"),
        "Australia": _("Australia"),
        "Europe": _("Europe"),
        "Indian": _("Indian Ocean"),
        "Pacific": _("Pacific Ocean"),
    }
    return labels.get(region, region)
