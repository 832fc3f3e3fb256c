"""Canonical names of time zones, and clock times that stay unambiguous when clocks change.

The tz database renames zones (Europe/Kiev became Europe/Kyiv) and browsers follow years later, so
that the same zone arrives under several names.
"""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale
from babel.core import get_global
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

UTC_NAME = "UTC"
DEFAULT = "Europe/Kyiv"
_HOUR = timedelta(hours=1)


@cache
def known_time_zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})


@cache
def _current_names() -> dict[str, str]:
    """Return the current name of each former name, from CLDR's aliases in Babel."""
    aliases = dict(get_global("zone_aliases"))
    # Browsers use UTC, the tz database Etc/UTC.
    utc = {former: UTC_NAME for former, name in aliases.items() if name == "Etc/UTC"}
    current = {**aliases, **utc, "Etc/UTC": UTC_NAME}
    return {former: n for former, n in current.items() if n not in (former, "Etc/Unknown")}


def canonical_zone(name: str) -> str:
    """Return the current name of a zone; an unknown name is returned unchanged."""
    return _current_names().get(name, name)


def former_names(name: str) -> list[str]:
    return [former for former, current in _current_names().items() if current == name]


def zone_fallbacks(name: str, now: datetime) -> list[str]:
    """Return other names that a browser may know for this zone, the best first.

    They are its current and former names, and last its offset at `now` if it is in whole hours,
    which is right until the next clock change.
    """
    names = [n for n in (canonical_zone(name), *former_names(canonical_zone(name))) if n != name]
    hours, remainder = divmod(now.astimezone(find_zone(name)).utcoffset() or timedelta(), _HOUR)
    # The signs of Etc/GMT names are inverted, as in POSIX.
    return names if remainder else [*names, f"Etc/GMT{-hours:+d}" if hours else UTC_NAME]


def find_zone(name: str) -> ZoneInfo:
    """Return the zone, under another of its names if the system's tz database is older or newer.

    An unknown zone becomes UTC, so that pages can still be shown.
    """
    for candidate in (name, canonical_zone(name), *former_names(canonical_zone(name))):
        try:
            return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo(UTC_NAME)


def validate_time_zone(name: str) -> None:
    """Raises Django's ValidationError for an unknown name; former names are valid."""
    if name not in known_time_zones() and name not in _current_names():
        message = _("Unknown time zone. Enter an IANA name, such as Europe/Kyiv or UTC.")
        raise ValidationError(message, code="invalid")


@cache
def listed_zones() -> tuple[str, ...]:
    """Return the current names of all zones of `zone.tab`, for a selection list."""
    for folder in TZPATH:
        table = Path(folder) / "zone.tab"
        if table.is_file():
            rows = [line.split("\t") for line in table.read_text().splitlines() if line[:1] != "#"]
            names = {canonical_zone(row[2].strip()) for row in rows if len(row) > 2}
            return tuple(sorted(names & known_time_zones()))
    names = {canonical_zone(name) for name in known_time_zones() if "/" in name}
    return tuple(sorted(name for name in names if not name.startswith("Etc/")))


def zone_label(name: str) -> str:
    """Return the zone's city in the active language (“Київ”, “New York”), else its name."""
    name = canonical_zone(name)
    cities = Locale(get_language() or "en").time_zones
    for known in (name, *former_names(name)):
        if city := cities.get(known, {}).get("city"):
            return str(city).replace("\N{MODIFIER LETTER APOSTROPHE}", "’")  # as in our catalogues
    region, _slash, city = name.partition("/")
    if not city or region == "Etc":
        return name
    return city.rpartition("/")[2].replace("_", " ")


def offset_label(local: datetime) -> str:
    """Return the UTC offset of `local` as “UTC+3” or “UTC−3:30”."""
    offset = local.utcoffset() or timedelta()
    sign = "\N{MINUS SIGN}" if offset < timedelta() else "+"
    hours, minutes = divmod(round(abs(offset).total_seconds() / 60), 60)
    if not hours and not minutes:
        return "UTC"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def is_ambiguous(local: datetime) -> bool:
    """Return True if the local time occurs twice, because the clock is turned back (PEP 495)."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def clock_time(local: datetime) -> str:
    """Return “15:00”, or with the offset if the time is ambiguous: “03:30 (UTC+2)”."""
    shown = f"{local:%H:%M}"
    return f"{shown} ({offset_label(local)})" if is_ambiguous(local) else shown


def clock_times(begins: datetime, ends: datetime) -> tuple[str, str]:
    """Return the start and end of a span. If either is ambiguous, both get their offset: from 02:30
    to 03:30 may be one hour or two."""
    if not is_ambiguous(begins) and not is_ambiguous(ends):
        return f"{begins:%H:%M}", f"{ends:%H:%M}"
    shown = [f"{local:%H:%M} ({offset_label(local)})" for local in (begins, ends)]
    return shown[0], shown[1]
