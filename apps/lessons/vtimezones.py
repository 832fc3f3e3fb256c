"""VTIMEZONE components (RFC 5545 §3.6.5) from the tz database.

The `icalendar` package makes them too, but in 7.3.2 it dates the start of summer time an hour too
late, since it takes the clock after the change for DTSTART and not the one before.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard
from icalendar.prop import vDatetime, vDDDLists, vUTCOffset

_STEP = timedelta(days=1)  # no zone changes its clock twice within a day
_SECOND = timedelta(seconds=1)


class _Observance(NamedTuple):
    offset_from: timedelta
    offset_to: timedelta
    is_daylight: bool
    name: str


@lru_cache(maxsize=256)
def build_timezone(zone: ZoneInfo, first_year: int, last_year: int) -> bytes:
    """The component of the zone as bytes, valid from the start of `first_year` to the end of
    `last_year`."""
    start = datetime(first_year, 1, 1, tzinfo=UTC) - _STEP
    end = datetime(last_year + 1, 1, 1, tzinfo=UTC) + _STEP
    onsets: defaultdict[_Observance, list[datetime]] = defaultdict(list)
    local = start.astimezone(zone)
    first = _observance(local, local)
    onsets[first].append(local.replace(tzinfo=None))
    for before, after in _changes(zone, start, end):
        # Local times of onset are those of the clock before the change.
        onset = after.astimezone(UTC).replace(tzinfo=None) + _offset(before)
        onsets[_observance(before, after)].append(onset)
    component = Timezone()
    component.add("TZID", zone.key)
    for observance, times in onsets.items():
        component.add_component(_component(observance, times))
    return bytes(component.to_ical())


def _component(
    observance: _Observance, onsets: list[datetime]
) -> TimezoneDaylight | TimezoneStandard:
    component = TimezoneDaylight() if observance.is_daylight else TimezoneStandard()
    component["DTSTART"] = vDatetime(onsets[0])
    if len(onsets) > 1:
        component["RDATE"] = vDDDLists(onsets[1:])
    component["TZOFFSETFROM"] = vUTCOffset(observance.offset_from)
    component["TZOFFSETTO"] = vUTCOffset(observance.offset_to)
    component.add("TZNAME", observance.name)
    return component


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The local times a second before each change of the clock, and at it."""
    low = start.astimezone(zone)
    moment = start
    while moment < end:
        moment += _STEP
        high = moment.astimezone(zone)
        if _clock(low) != _clock(high):
            yield _find_change(zone, low, high)
        low = high


def _find_change(zone: ZoneInfo, low: datetime, high: datetime) -> tuple[datetime, datetime]:
    since, until = low.astimezone(UTC), high.astimezone(UTC)
    while until - since > _SECOND:
        middle = since + (until - since) // 2
        middle = middle.replace(microsecond=0)
        if middle == since:
            break
        if _clock(middle.astimezone(zone)) == _clock(low):
            since = middle
        else:
            until = middle
    return since.astimezone(zone), until.astimezone(zone)


def _clock(local: datetime) -> tuple[timedelta, bool, str]:
    return _offset(local), bool(local.dst()), local.tzname() or ""


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def _observance(before: datetime, after: datetime) -> _Observance:
    offset, is_daylight, name = _clock(after)
    return _Observance(_offset(before), offset, is_daylight, name)
