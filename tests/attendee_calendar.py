"""A calendar program that acts on the calendar messages of a student's mail (RFC 5546)."""

from collections import defaultdict
from datetime import UTC, datetime
from email.message import EmailMessage

import recurring_ical_events
from icalendar import Calendar, Event

MASTER = None


class AttendeeCalendar:
    """`events` are the current ones, by UID and by RECURRENCE-ID."""

    def __init__(self) -> None:
        self.events: defaultdict[str, dict[datetime | None, Event]] = defaultdict(dict)

    def receive(self, message: EmailMessage) -> list[str]:
        """Act on every calendar message of a mail; return their methods."""
        methods = []
        for part in message.walk():
            if part.get_content_type() == "text/calendar":
                calendar = Calendar.from_ical(part.get_content())
                assert part.get_param("method") == calendar["METHOD"]
                self._apply(calendar)
                methods.append(str(calendar["METHOD"]))
        return methods

    def _apply(self, calendar: Calendar) -> None:
        events = calendar.walk("VEVENT")
        [uid] = {str(event["UID"]) for event in events}  # RFC 5546 §3.2.2
        found = {recurrence_of(event): event for event in events}
        known = self.events[uid]
        for key, event in found.items():
            older = known.get(key, known.get(MASTER))
            assert older is None or event["SEQUENCE"] >= older["SEQUENCE"]
        if calendar["METHOD"] == "CANCEL":
            for key in found:
                self._cancel(uid, key)
        elif MASTER in found:
            self.events[uid] = found
        else:
            known.update(found)

    def _cancel(self, uid: str, key: datetime | None) -> None:
        if key is MASTER:
            del self.events[uid]
            return
        self.events[uid].pop(key, None)
        if MASTER in self.events[uid]:
            self.events[uid][MASTER].add("EXDATE", key)

    def list_starts(self, first: datetime, last: datetime) -> list[datetime]:
        calendar = Calendar()
        for by_recurrence in self.events.values():
            for event in by_recurrence.values():
                calendar.add_component(event)
        found = recurring_ical_events.of(calendar).between(first, last)
        return sorted(event["DTSTART"].dt.astimezone(UTC) for event in found)


def recurrence_of(event: Event) -> datetime | None:
    return event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else MASTER
