"""Reads an iCalendar file (RFC 5545) and prints when its owner is busy, as JSON.

A program of its own, started by apps/booking/calendars/reading.py: a calendar is written by
somebody else, and may be made to take hours or all memory. It imports nothing of Kreida.

Standard input: a line of JSON (`zone`, for floating times and days; `since` and `until`, in Unix
seconds; `cpu_seconds`), then the file. Standard output, with merged spans in Unix seconds:
`{"events": …, "unread": …, "busy": [[start, end], …]}` or `{"error": …}`.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, vRecur

MEMORY = 1024**3  # bytes
MAX_EVENTS = 20_000
MAX_ZONE_RULES = 5000  # of all VTIMEZONE; icalendar computes the changes of each for decades
MAX_STEPS = 200_000  # occurrences that are looked at, of all rules
MAX_BUSY = 50_000  # before those that touch are merged
MAX_MERGED = 10_000  # of each calendar; all are read where slots of months are asked for
DAY = timedelta(days=1)

Span = tuple[datetime, datetime]
# What property values of a file can cause in icalendar, dateutil and zoneinfo.
BAD_VALUE = (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError)


class UnreadableError(Exception):
    """`code` is in the output: `not_calendar` or `too_large`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Reader:
    zone: ZoneInfo
    since: datetime
    until: datetime
    steps: int = 0
    unread: int = 0
    busy: list[Span] = field(default_factory=list)

    def read(self, content: bytes) -> dict[str, Any]:
        if content.count(b"BEGIN:VEVENT") > MAX_EVENTS:
            raise UnreadableError("too_large")
        if content.count(b"BEGIN:STANDARD") + content.count(b"BEGIN:DAYLIGHT") > MAX_ZONE_RULES:
            raise UnreadableError("too_large")
        events = [event for calendar in parse(content) for event in calendar.walk("VEVENT")]
        masters, overrides = self._group(events)
        for event in masters:
            try:
                self._add(event, overrides.get(str(event.get("UID")), {}))
            except BAD_VALUE:
                self.unread += 1
        merged = merge(self.busy)
        if len(merged) > MAX_MERGED:
            raise UnreadableError("too_large")
        busy = [[int(a.timestamp()), int(b.timestamp())] for a, b in merged]
        return {"events": len(events), "unread": self.unread, "busy": busy}

    def _group(self, events: list[Any]) -> tuple[list[Any], dict[str, dict[Any, Any]]]:
        """Events that stand for themselves, of which occurrences changed by themselves are some,
        and those occurrences by UID and RECURRENCE-ID."""
        masters: dict[str, Any] = {}
        others: list[Any] = []
        overrides: dict[str, dict[Any, Any]] = {}
        for number, event in enumerate(events):
            uid = str(event.get("UID", f"without-{number}"))
            try:
                if "RECURRENCE-ID" in event:
                    key = self._key(event["RECURRENCE-ID"])
                    overrides.setdefault(uid, {})[key] = event
                    others.append(event)
                elif uid not in masters or sequence(event) >= sequence(masters[uid]):
                    masters[uid] = event
            except BAD_VALUE:
                self.unread += 1
        return [*masters.values(), *others], overrides

    def _key(self, value: Any) -> Any:
        """An instant, or the date where only a date is given."""
        return self._instant(value) if isinstance(value.dt, datetime) else value.dt

    def _add(self, event: Any, overrides: dict[Any, Any]) -> None:
        if is_free(event):
            return
        if "RECURRENCE-ID" in event:
            self._add_one(event)
            return
        for start in self._starts(event):
            local = self._to_local(start)
            instant = self._to_instant(start)
            if instant in overrides or local.date() in overrides:
                continue
            self._add_span(start, event)

    def _add_one(self, event: Any) -> None:
        self._add_span(self._local_start(event), event)

    def _add_span(self, start: Any, event: Any) -> None:
        """`start` is a date, or clock time with its zone."""
        if not isinstance(start, datetime):
            begins = self._midnight(start)
            ends = self._midnight(start + self._days(event))
        else:
            begins = start.astimezone(UTC)
            ends = begins + self._duration(event)
        if begins < ends and begins < self.until and self.since < ends:
            if len(self.busy) >= MAX_BUSY:
                raise UnreadableError("too_large")
            self.busy.append((max(begins, self.since), min(ends, self.until)))

    def _starts(self, event: Any) -> Iterator[Any]:
        """Starts of the occurrences up to `until`, without those of EXDATE."""
        first = self._local_start(event)
        excluded = {self._key(value) for value in dates_of(event, "EXDATE")}
        seen = set()
        for start in self._all_starts(event, first):
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise UnreadableError("too_large")
            if start in seen:
                continue
            seen.add(start)
            if self._to_instant(start) in excluded or self._to_local(start).date() in excluded:
                continue
            yield start

    def _all_starts(self, event: Any, first: Any) -> Iterator[Any]:
        yield first
        for value in dates_of(event, "RDATE"):
            moment = value.dt[0] if isinstance(value.dt, tuple) else value.dt
            yield self._localized(moment) if isinstance(moment, datetime) else moment
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            yield from self._expand(rule, first)

    def _expand(self, rule: vRecur, first: Any) -> Iterator[Any]:
        """By clock time: 17:00 stays 17:00 when clocks change."""
        is_day = not isinstance(first, datetime)
        start = datetime.combine(first, time()) if is_day else first.replace(tzinfo=None)
        zone = self.zone if is_day else first.tzinfo
        parts = vRecur({key: value for key, value in rule.items() if key.upper() != "UNTIL"})
        last = self.until.astimezone(zone).replace(tzinfo=None) + DAY
        for until in rule.get("UNTIL", []):
            last = min(last, local_until(until, zone))
        for local in rrulestr(parts.to_ical().decode(), dtstart=start):
            if local > last:
                return
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise UnreadableError("too_large")
            yield local.date() if is_day else local.replace(tzinfo=zone)

    def _local_start(self, event: Any) -> Any:
        value = event["DTSTART"]
        return self._localized(value.dt) if isinstance(value.dt, datetime) else value.dt

    def _localized(self, moment: datetime) -> datetime:
        """Floating time, and time of a zone that nobody knows, is the owner's. icalendar knows the
        names of Windows, former names, and prefixes as in /mozilla.org/20050126_1/Europe/Kiev."""
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=self.zone)

    def _instant(self, value: Any) -> datetime:
        return self._localized(value.dt).astimezone(UTC)

    def _to_instant(self, start: Any) -> datetime:
        return start.astimezone(UTC) if isinstance(start, datetime) else self._midnight(start)

    def _to_local(self, start: Any) -> datetime:
        return start if isinstance(start, datetime) else datetime.combine(start, time())

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def _duration(self, event: Any) -> timedelta:
        if "DTEND" in event:
            end = event["DTEND"]
            start: datetime = self._local_start(event).astimezone(UTC)
            return self._instant(end) - start
        duration: timedelta = event["DURATION"].dt if "DURATION" in event else timedelta()
        return duration

    def _days(self, event: Any) -> timedelta:
        if "DTEND" in event:
            end = event["DTEND"].dt
            end = end.date() if isinstance(end, datetime) else end
            days: timedelta = end - event["DTSTART"].dt
        else:
            days = event["DURATION"].dt if "DURATION" in event else DAY
        return max(days, DAY)


def parse(content: bytes) -> list[Any]:
    if content.count(b"BEGIN:VCALENDAR") != content.count(b"END:VCALENDAR"):
        raise UnreadableError("not_calendar")
    try:
        calendars = Calendar.from_ical(content.decode("utf-8-sig", "replace"), multiple=True)
    except BAD_VALUE as exc:
        raise UnreadableError("not_calendar") from exc
    calendars = [each for each in calendars if each.name == "VCALENDAR"]
    if not calendars:
        raise UnreadableError("not_calendar")
    return calendars


def sequence(event: Any) -> int:
    try:
        return int(event.get("SEQUENCE", 0))
    except BAD_VALUE:
        return 0


def is_free(event: Any) -> bool:
    text = {
        name: str(event.get(name, "")).upper()
        for name in ("STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")
    }
    return (
        text["STATUS"] == "CANCELLED"
        or text["TRANSP"] == "TRANSPARENT"
        or text["X-MICROSOFT-CDO-BUSYSTATUS"] == "FREE"
    )


def dates_of(event: Any, name: str) -> Iterator[Any]:
    """A file may have the property several times."""
    found = event.get(name, [])
    for group in found if isinstance(found, list) else [found]:
        yield from group.dts


def local_until(until: Any, zone: Any) -> datetime:
    """The last clock time that UNTIL allows."""
    if not isinstance(until, datetime):
        return datetime.combine(until, time.max)
    return until.astimezone(zone).replace(tzinfo=None) if until.tzinfo is not None else until


def merge(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def limit_resources(cpu_seconds: int) -> None:
    try:
        import resource  # noqa: PLC0415 -- not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.nice(10)


def main() -> None:
    head = json.loads(sys.stdin.buffer.readline())
    limit_resources(head["cpu_seconds"])
    since, until = (datetime.fromtimestamp(head[name], UTC) for name in ("since", "until"))
    try:
        result = Reader(ZoneInfo(head["zone"]), since, until).read(sys.stdin.buffer.read())
    except UnreadableError as exc:
        result = {"error": exc.code}
    except (MemoryError, RecursionError):
        result = {"error": "too_large"}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
