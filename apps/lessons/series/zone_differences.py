"""Times at which a lesson of a series comes to another local time of a student.

The series keeps its wall-clock time in one zone; where the student's clocks change on another day,
or do not change, the student's local time moves by an hour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.zones import canonical_zone, zone_label


@dataclass(frozen=True, slots=True)
class LocalTimeChange:
    """From the lesson of `from_date` on (the student's date) lessons are at another local time."""

    student: User
    from_date: date
    before: time
    after: time
    clock_change: date  # in UTC, when somebody's clocks change

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
    changes = []
    for student in students:
        if student.is_placeholder:
            continue
        changes += _changes_of(starts, zone, student)
    return changes


def _changes_of(starts: Sequence[datetime], zone: ZoneInfo, student: User) -> list[LocalTimeChange]:
    changes: list[LocalTimeChange] = []
    if canonical_zone(zone.key) == canonical_zone(student.timezone):
        return changes
    for last, start in pairwise(starts):
        known, difference = (_difference(each, zone, student) for each in (last, start))
        if difference != known:
            after = start.astimezone(student.zone)
            before = after + (known - difference)
            day = _find_clock_change(last, start, zone, student)
            changes.append(LocalTimeChange(student, after.date(), before.time(), after.time(), day))
    return changes


def _find_clock_change(last: datetime, start: datetime, zone: ZoneInfo, student: User) -> date:
    """The latest day between two lessons on which the difference of their zones changes."""
    difference, moment = _difference(start, zone, student), start
    while moment > last and _difference(moment, zone, student) == difference:
        moment -= timedelta(days=1)
    return min(moment + timedelta(days=1), start).astimezone(UTC).date()


def _difference(instant: datetime, zone: ZoneInfo, student: User) -> timedelta:
    return _offset(instant, student.zone) - _offset(instant, zone)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(UTC).astimezone(zone).utcoffset() or timedelta()


def describe_zone_changes(changes: Iterable[LocalTimeChange], reader: User) -> list[str]:
    """Sentences in the active language for a tutor or for the student concerned."""
    return [change.describe(to_student=change.student.pk == reader.pk) for change in changes]
