"""Plans the occurrences of a series before anything is saved: each with its conflict, if any."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.errors import invalid
from apps.lessons.conflicts import Conflict, describe_conflicts, find_conflicts
from apps.lessons.models import MAX_DURATION, Lesson
from apps.lessons.notices import format_span
from apps.lessons.series.holidays import days_of, load_holidays
from apps.lessons.series.rules import Recurrence, to_instant

HORIZON = relativedelta(months=12)  # of a series without end


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A lesson to be made. `conflict` is what is in its way, or None."""

    original_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    conflict: Conflict | None = None
    detail: str | None = None  # the conflict in words
    allow_overlap: bool = False
    student_ids: frozenset[int] | None = None  # None: all students of the series
    lesson: Lesson | None = None  # one that exists and becomes this occurrence
    lesson_id: int | None = None  # one that is to move to this time

    @property
    def is_blocked(self) -> bool:
        return self.detail is not None and not self.allow_overlap

    def is_hindered_by(self, conflict: Conflict) -> bool:
        if not conflict.overlaps(self.starts_at, self.ends_at):
            return False
        if conflict.student_id is None or self.student_ids is None:
            return True
        return conflict.student_id in self.student_ids


@dataclass(frozen=True, slots=True)
class Choices:
    """The tutor's decisions on single local dates of the rule."""

    moved: Mapping[date, datetime] = field(default_factory=dict)  # wall-clock times
    allow_dates: Collection[date] = ()
    lessons: Sequence[Lesson] = ()  # that exist and become the occurrences of their dates


def horizon(now: datetime, recurrence: Recurrence) -> date:
    """The last local date for which lessons of a series without end exist now."""
    return now.astimezone(recurrence.zone).date() + HORIZON


def plan(
    *,
    tutor: User,
    students: Sequence[User],
    recurrence: Recurrence,
    duration: timedelta,
    last: date,
    first: date = date.min,
    choices: Choices | None = None,
    exclude: Collection[int] = (),
) -> list[Occurrence]:
    """The occurrences on the local dates from `first` to `last`, but for the tutor's holidays
    unless `choices` name such a date, with their conflicts; the lessons `exclude` are none.

    Raises `validation_error` if `choices` name a date that the rule does not have.
    """
    choices = choices or Choices()
    originals = {
        start.astimezone(recurrence.zone).date(): start
        for start in recurrence.occurrences(first=first, last=last)
    }
    taken_over = {one.starts_at.astimezone(recurrence.zone).date(): one for one in choices.lessons}
    chosen = {*choices.moved, *choices.allow_dates, *taken_over}
    for day in days_of(load_holidays(tutor), originals) - chosen:
        del originals[day]
    _check_dates("moved", choices.moved, originals)
    _check_dates("allow_dates", choices.allow_dates, originals)
    _check_dates("lesson_ids", taken_over, originals)
    if len(taken_over) < len(choices.lessons):
        raise invalid(lesson_ids=_("Two of these lessons are on the same day."))
    occurrences = []
    for day, original in originals.items():
        lesson, moved = taken_over.get(day), choices.moved.get(day)
        start = to_instant(moved, recurrence.zone) if moved is not None else original
        times = (lesson.starts_at, lesson.ends_at) if lesson else (start, start + duration)
        occurrences.append(Occurrence(original, *times, lesson=lesson))
    allowed = {originals[day] for day in choices.allow_dates}
    own = [*exclude, *(lesson.pk for lesson in choices.lessons)]
    return _allow(with_conflicts(tutor, students, occurrences, exclude=own), tutor, allowed)


def _check_dates(name: str, chosen: Collection[date], originals: Mapping[date, datetime]) -> None:
    if unknown := sorted(day for day in chosen if day not in originals):
        message = _("There is no lesson of this series on %(date)s.")
        raise invalid(**{name: message % {"date": unknown[0].isoformat()}})


def _allow(
    occurrences: list[Occurrence], tutor: User, allowed: Collection[datetime]
) -> list[Occurrence]:
    return [allow(one, tutor) if one.original_starts_at in allowed else one for one in occurrences]


def allow(occurrence: Occurrence, tutor: User) -> Occurrence:
    """Double-book the tutor, but never a student of another tutor's lesson."""
    conflict = occurrence.conflict
    if conflict is None or conflict.tutor_id != tutor.pk:
        return occurrence
    return replace(occurrence, allow_overlap=True)


def with_conflicts(
    tutor: User,
    students: Sequence[User],
    occurrences: Sequence[Occurrence],
    *,
    exclude: Collection[int] = (),
    of_students_only: bool = False,
) -> list[Occurrence]:
    """The occurrences in order, with their conflicts; three queries at most. `of_students_only`
    leaves out what else the tutor teaches then, for lessons that exist.

    Another tutor's lesson with a student counts before the tutor's own, since it cannot be allowed.
    """
    occurrences = sorted(occurrences, key=lambda one: (one.starts_at, one.original_starts_at))
    if not occurrences:
        return []
    whole = occurrences[0].starts_at, max(one.ends_at for one in occurrences)
    found = find_conflicts(tutor, [one.pk for one in students], whole, exclude=exclude)
    found = [one for one in found if one.student_id is not None or not of_students_only]
    starts = [conflict.starts_at for conflict in found]
    blocked: dict[int, Conflict] = {}
    for index, one in enumerate(occurrences):
        if one.lesson is not None:
            continue
        near = found[
            bisect_left(starts, one.starts_at - MAX_DURATION) : bisect_left(starts, one.ends_at)
        ]
        overlapping = [c for c in near if one.is_hindered_by(c)]
        if overlapping:
            blocked[index] = min(overlapping, key=lambda c: c.tutor_id == tutor.pk)
    described = describe_conflicts(
        tutor, [(c, (occurrences[n].starts_at, occurrences[n].ends_at)) for n, c in blocked.items()]
    )
    sentences = dict(zip(blocked, described, strict=True))
    planned: list[Occurrence] = []
    latest = occurrences[0]  # the one before that ends last: any that still goes on overlaps
    for index, one in enumerate(occurrences):
        details = [sentences[index]] if index in sentences else []
        if index and latest.ends_at > one.starts_at:
            details.append(_describe_overlap(tutor, latest))
        detail = " ".join(details) or None
        planned.append(replace(one, conflict=blocked.get(index), detail=detail))
        latest = max(latest, one, key=lambda each: each.ends_at)
    return planned


def _describe_overlap(tutor: User, other: Occurrence) -> str:
    when = format_span(tutor, other.starts_at, other.ends_at)
    return _("It overlaps another lesson of this series: %(when)s.") % {"when": when}
