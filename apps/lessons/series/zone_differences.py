"""Times at which a lesson of a series comes to another local time of a student.

The series keeps its wall-clock time in one zone; where the student's clocks change on another day,
or do not change, the student's local time moves by an hour.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.zones import canonical_zone, zone_label

Zones = tuple[ZoneInfo, ZoneInfo]  # of the series and of the student
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


class _Shift(NamedTuple):
    from_date: date
    before: time
    after: time
    clock_change: date


@dataclass(frozen=True, slots=True)
class LocalTimeChange:
    """From the lesson of `from_date` on (the student's date) lessons are at another local time."""

    student: User
    from_date: date
    before: time
    after: time
    clock_change: date  # in the zone whose clocks change

    def describe(self, *, to_student: bool) -> str:
        """In the active language, e.g. “From 1 November this is 11:00 for Ivan (Toronto).”"""
        values = {
            "date": date_format(self.from_date, "j E"),
            "time": f"{self.after:%H:%M}",
            "before": f"{self.before:%H:%M}",
            "name": self.student.get_full_name(),
            "city": zone_label(self.student.timezone),
        }
        if to_student:
            return _("From %(date)s your lesson is at %(time)s instead of %(before)s.") % values
        sentence = _(
            "From %(date)s this is %(time)s instead of %(before)s for %(name)s (%(city)s)."
        )
        return sentence % values


def find_local_time_changes(
    starts: Sequence[datetime], zone: ZoneInfo, students: Iterable[User]
) -> list[LocalTimeChange]:
    """The changes between consecutive starts (instants by the series' rule), per student.

    A placeholder's zone is only a copy of the tutor's.
    """
    by_zone: dict[str, list[_Shift]] = {}
    changes = []
    for student in students:
        if student.is_placeholder:
            continue
        name = canonical_zone(student.timezone)
        if name not in by_zone:
            by_zone[name] = list(_find_shifts(starts, zone, student.zone))
        changes += [LocalTimeChange(student, *shift) for shift in by_zone[name]]
    return changes


def _find_shifts(
    starts: Sequence[datetime], zone: ZoneInfo, students_zone: ZoneInfo
) -> Iterator[_Shift]:
    zones = (zone, students_zone)
    if canonical_zone(zone.key) == canonical_zone(students_zone.key):
        return
    differences = [_difference(start, zones) for start in starts]
    for (last, known), (start, difference) in pairwise(zip(starts, differences, strict=True)):
        if difference != known:
            after = start.astimezone(students_zone)
            before = after + (known - difference)
            day = _find_clock_change(last, start, zones)
            yield _Shift(after.date(), before.time(), after.time(), day)


def _find_clock_change(last: datetime, start: datetime, zones: Zones) -> date:
    """The latest date between two lessons on which the difference of their zones changes. It must
    not depend on the time of the lessons, so that all of a person's series have one mail."""
    difference, late = _difference(start, zones), start
    while late - _DAY > last and _difference(late - _DAY, zones) == difference:
        late -= _DAY
    early = max(late - _DAY, last)
    while late - early > _MINUTE:
        middle = early + (late - early) / 2
        if _difference(middle, zones) == difference:
            late = middle
        else:
            early = middle
    changed = next(one for one in zones if _offset(early, one) != _offset(late, one))
    return late.astimezone(changed).date()


def _difference(instant: datetime, zones: Zones) -> timedelta:
    """How much later the student's clocks show than those of the series."""
    zone, students_zone = zones
    return _offset(instant, students_zone) - _offset(instant, zone)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def describe_zone_changes(changes: Iterable[LocalTimeChange], reader: User) -> list[str]:
    """Sentences in the active language for a tutor or for the student concerned."""
    return [change.describe(to_student=change.student.pk == reader.pk) for change in changes]
