"""The UTC offsets of a time zone by which the upcoming lessons were planned."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta, tzinfo

from django.db import models
from django.utils.translation import gettext_lazy as _

HORIZON = timedelta(days=5 * 365)
_DAY = timedelta(days=1)


class ZoneRules(models.Model):
    zone = models.CharField(primary_key=True, max_length=64)
    offsets = models.JSONField(help_text="Unix times and the offset from UTC, in seconds, since.")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("time zone rules")
        verbose_name_plural = _("rules of time zones")

    def __str__(self) -> str:
        return self.zone

    def offset_at(self, moment: datetime) -> timedelta | None:
        """The offset from UTC, or None before the record begins and past its horizon."""
        at = bisect_right(self.offsets, [moment.timestamp(), float("inf")])
        if not at or moment >= self.recorded_at + HORIZON:
            return None
        return timedelta(seconds=self.offsets[at - 1][1])

    def differs_from(self, offsets: list[list[int]], now: datetime) -> bool:
        """Compares from `now` to the horizon of this record."""
        other = ZoneRules(offsets=offsets, recorded_at=self.recorded_at)
        changes = {at for at, _offset_seconds in [*self.offsets, *offsets] if at > now.timestamp()}
        moments = [now, *(datetime.fromtimestamp(at, UTC) for at in changes)]
        return any(self.offset_at(moment) != other.offset_at(moment) for moment in moments)


def list_offsets(zone: tzinfo, start: datetime) -> list[list[int]]:
    """Pairs of Unix time and offset in seconds for `ZoneRules.offsets`, from `start` on."""
    offsets = [[int(start.timestamp()), _offset_seconds(zone, start)]]
    moment = start
    while moment < start + HORIZON:
        moment += _DAY
        if (offset := _offset_seconds(zone, moment)) != offsets[-1][1]:
            offsets.append([_find_transition(zone, moment - _DAY, moment), offset])
    return offsets


def _find_transition(zone: tzinfo, before: datetime, after: datetime) -> int:
    """Unix time at which the offset of `after` begins, found by bisection."""
    low, high = int(before.timestamp()), int(after.timestamp())
    new = _offset_seconds(zone, after)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_seconds(zone, datetime.fromtimestamp(middle, UTC)) == new:
            high = middle
        else:
            low = middle
    return high


def _offset_seconds(zone: tzinfo, moment: datetime) -> int:
    return int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds())
