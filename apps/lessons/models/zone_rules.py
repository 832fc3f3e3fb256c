"""A time zone's offsets as they were when the lessons to come were planned by them."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta, tzinfo

from django.db import models

HORIZON = timedelta(days=5 * 365)
_DAY = timedelta(days=1)


class ZoneRules(models.Model):
    zone = models.CharField(primary_key=True, max_length=64)
    offsets = models.JSONField(help_text="Unix times and the offset from UTC, in seconds, since.")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "zone rules"

    def __str__(self) -> str:
        return self.zone

    def offset_at(self, moment: datetime) -> timedelta | None:
        """None before the record begins and behind its horizon."""
        at = bisect_right(self.offsets, [moment.timestamp(), float("inf")])
        if not at or moment >= self.recorded_at + HORIZON:
            return None
        return timedelta(seconds=self.offsets[at - 1][1])

    def differ_from(self, offsets: list[list[int]], now: datetime) -> bool:
        """Whether the zone has other offsets now, from `now` to the horizon of this record."""
        other = ZoneRules(offsets=offsets, recorded_at=self.recorded_at)
        changes = {at for at, _offset in [*self.offsets, *offsets] if at > now.timestamp()}
        moments = [now, *(datetime.fromtimestamp(at, UTC) for at in changes)]
        return any(self.offset_at(moment) != other.offset_at(moment) for moment in moments)


def offsets_of(zone: tzinfo, start: datetime) -> list[list[int]]:
    """What `ZoneRules` keeps, from `start` to the horizon."""
    found = [[int(start.timestamp()), _offset(zone, start)]]
    moment = start
    while moment < start + HORIZON:
        moment += _DAY
        if (offset := _offset(zone, moment)) != found[-1][1]:
            found.append([_change(zone, moment - _DAY, moment), offset])
    return found


def _change(zone: tzinfo, before: datetime, after: datetime) -> int:
    """The first second of the offset that holds at `after`."""
    low, high = int(before.timestamp()), int(after.timestamp())
    new = _offset(zone, after)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == new:
            high = middle
        else:
            low = middle
    return high


def _offset(zone: tzinfo, moment: datetime) -> int:
    return int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds())
