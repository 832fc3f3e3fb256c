"""Time zones by one name each, and clock times that say which of two equal ones they are.

The tz database renames zones (Europe/Kiev became Europe/Kyiv) and browsers follow years later, so
the same zone comes in under several names.
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
    """Former name → the present one, by CLDR's table, which Babel carries."""
    aliases = dict(get_global("zone_aliases"))
    # Browsers and people say UTC, the tz database Etc/UTC.
    utc = {former: UTC_NAME for former, name in aliases.items() if name == "Etc/UTC"}
    current = {**aliases, **utc, "Etc/UTC": UTC_NAME}
    return {former: n for former, n in current.items() if n not in (former, "Etc/Unknown")}


def canonical_zone(name: str) -> str:
    """The present name of a zone; a name that is not known stays as it is."""
    return _current_names().get(name, name)


def former_names(name: str) -> list[str]:
    return [former for former, current in _current_names().items() if current == name]


def zone_fallbacks(name: str, now: datetime) -> list[str]:
    """Other names by which a browser may know this clock, the best first: those that it had, and
    its offset at `now` (whole hours), which is right until the clock is next turned."""
    names = [n for n in (canonical_zone(name), *former_names(canonical_zone(name))) if n != name]
    hours, rest = divmod(now.astimezone(find_zone(name)).utcoffset() or timedelta(), _HOUR)
    # The signs of these names are the wrong way round, by POSIX.
    return names if rest else [*names, f"Etc/GMT{-hours:+d}" if hours else UTC_NAME]


def find_zone(name: str) -> ZoneInfo:
    """Also under a former name, where the system's tz database is older or newer than ours; UTC
    where there is no such zone at all, so that a page can still be shown."""
    for candidate in (name, canonical_zone(name), *former_names(canonical_zone(name))):
        try:
            return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo(UTC_NAME)


def validate_time_zone(name: str) -> None:
    """Raises Django's ValidationError for what neither is nor was the name of a zone."""
    if name not in known_time_zones() and name not in _current_names():
        message = _("There is no such time zone. Write an IANA name, such as Europe/Kyiv or UTC.")
        raise ValidationError(message, code="invalid")


@cache
def listed_zones() -> tuple[str, ...]:
    """Each zone once, by its present name: those the tz database lists for a place."""
    for folder in TZPATH:
        table = Path(folder) / "zone.tab"
        if table.is_file():
            rows = [line.split("\t") for line in table.read_text().splitlines() if line[:1] != "#"]
            names = {canonical_zone(row[2].strip()) for row in rows if len(row) > 2}
            return tuple(sorted(names & known_time_zones()))
    names = {canonical_zone(name) for name in known_time_zones() if "/" in name}
    return tuple(sorted(name for name in names if not name.startswith("Etc/")))


def zone_label(name: str) -> str:
    """Its city in the reader's language: “Київ”, “New York”; a zone without a city by its name."""
    name = canonical_zone(name)
    cities = Locale(get_language() or "en").time_zones
    for known in (name, *former_names(name)):
        if city := cities.get(known, {}).get("city"):
            return str(city).replace("\N{MODIFIER LETTER APOSTROPHE}", "’")  # as all of our texts
    region, _slash, city = name.partition("/")
    if not city or region == "Etc":
        return name
    return city.rpartition("/")[2].replace("_", " ")


def offset_label(local: datetime) -> str:
    """“UTC+3”, “UTC−3:30”: how far the clock that shows `local` is from UTC."""
    offset = local.utcoffset() or timedelta()
    sign = "\N{MINUS SIGN}" if offset < timedelta() else "+"
    hours, minutes = divmod(round(abs(offset).total_seconds() / 60), 60)
    if not hours and not minutes:
        return "UTC"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def comes_twice(local: datetime) -> bool:
    """Whether the clock shows this time twice that day, before and after it is turned back."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def clock_time(local: datetime) -> str:
    """“15:00”; “03:30 (UTC+2)” in the hour that comes twice. `local` is an instant in its zone."""
    shown = f"{local:%H:%M}"
    return f"{shown} ({offset_label(local)})" if comes_twice(local) else shown


def clock_times(begins: datetime, ends: datetime) -> tuple[str, str]:
    """Of a span, both by the same clock. Where one comes twice, both say their offset: from 02:30
    to 03:30 may be one hour or two."""
    if not comes_twice(begins) and not comes_twice(ends):
        return f"{begins:%H:%M}", f"{ends:%H:%M}"
    shown = [f"{local:%H:%M} ({offset_label(local)})" for local in (begins, ends)]
    return shown[0], shown[1]
