"""Formats instants in a time zone for the pages, and converts local times to UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.common.alphabet import sort_key
from apps.common.dates import format_full_day
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


def format_day(day: date, today: date) -> str:
    """“today”, “tomorrow”, “yesterday”, or the date with its weekday (and year if it differs)."""
    if day == today:
        return _("today")
    if day - today == timedelta(days=1):
        return _("tomorrow")
    if today - day == timedelta(days=1):
        return _("yesterday")
    return format_full_day(day, today)


def format_span(
    start: datetime, end: datetime, zone: ZoneInfo, now: datetime, *, full_date: bool = False
) -> str:
    """“tomorrow, 15:00–16:00”, in `zone`.

    `full_date` is for another person's time zone, whose “tomorrow” may not be the reader's.
    """
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    today = now.astimezone(zone).date()
    day = (format_full_day if full_date else format_day)(begins.date(), today)
    return f"{day}, {'–'.join(clock_times(begins, ends))}"


def format_until(end: datetime, zone: ZoneInfo, now: datetime) -> str:
    """E.g. “until 18:30 today”."""
    local, today = end.astimezone(zone), now.astimezone(zone).date()
    clock = clock_time(local)
    if local.date() == today:
        return _("until %(time)s today") % {"time": clock}
    if local.date() - today == timedelta(days=1):
        return _("until %(time)s tomorrow") % {"time": clock}
    day = date_format(local, "j E" if local.year == today.year else "j E Y")
    return _("until %(time)s on %(day)s") % {"time": clock, "day": day}


def local_to_utc(day: date, clock: time, zone: ZoneInfo, *, fold: int = 0) -> datetime | None:
    """The instant in UTC, or None for a local time that the zone skips.

    `fold` (PEP 495) chooses between the two instants of an ambiguous local time.
    """
    local = datetime.combine(day, clock, zone).replace(fold=fold)
    instant = local.astimezone(UTC)
    round_trip = instant.astimezone(zone)
    return instant if round_trip.replace(tzinfo=None) == local.replace(tzinfo=None) else None


def list_zones_by_region(now: datetime, chosen: str) -> list[Region]:
    """Zones with their UTC offset at `now`, grouped by region, Europe first; includes `chosen`."""
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
