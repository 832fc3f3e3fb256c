"""When a reminder is sent and until when it is of use; pure functions over instants in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIN_NOTICE = timedelta(minutes=15)  # before the lesson, of a reminder that quiet hours delayed
SHORT = timedelta(hours=1)  # a reminder of this or less is of use until the lesson begins
Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class QuietHours:
    """Local times of a person; they may span midnight."""

    start: time
    end: time
    zone: ZoneInfo

    def find(self, instant: datetime) -> Period | None:
        """The quiet period that holds the instant."""
        today = instant.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            period = self._starting_on(day)
            if period[0] <= instant < period[1]:
                return period
        return None

    def _starting_on(self, day: date) -> Period:
        """Where the clock is turned back, both of the doubled times are quiet; where it is turned
        on, a skipped end stands for the time after the gap (PEP 495)."""
        last_day = day if self.start < self.end else day + timedelta(days=1)
        start = datetime.combine(day, self.start, self.zone)
        ends = (datetime.combine(last_day, self.end.replace(fold=f), self.zone) for f in (0, 1))
        return start.astimezone(UTC), max(end.astimezone(UTC) for end in ends)


def find_send_time(
    starts_at: datetime, lead: timedelta, quiet: QuietHours | None, now: datetime | None = None
) -> datetime:
    """When a reminder `lead` before the lesson is to be sent, seen from `now`.

    One that falls into quiet hours is sent when they end. If that is too late for the lesson, it is
    sent when they begin, or at once if they have begun.
    """
    due = starts_at - lead
    moment = max(due, now) if now else due
    period = quiet.find(moment) if quiet else None
    if period is None:
        return moment
    begins, ends = period
    return ends if ends <= starts_at - min(lead, MIN_NOTICE) else begins


def find_use_end(starts_at: datetime, lead: timedelta, quiet: QuietHours | None) -> datetime:
    """Until when a late reminder is still sent: through the first half of the time that it leaves
    before the lesson, and a short one until the lesson begins."""
    planned = find_send_time(starts_at, lead, quiet)
    left = starts_at - planned
    return starts_at if left <= SHORT else planned + left / 2
