"""Keeps twelve months of lessons ahead of now in series without end.

A lesson that cannot be scheduled is not lost silently: the series lists it and its tutor is mailed.
"""

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.classrooms.models import Membership
from apps.common.errors import DomainError
from apps.lessons.booking import in_order, lock_people
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.series import notices
from apps.lessons.series.planning import Occurrence, horizon, plan
from apps.lessons.series.services import insert_occurrences

MAX_SKIPPED = 100  # kept in a series
log = logging.getLogger("kreida.series")


def extend_open_series(now: datetime) -> int:
    """Make the lessons that have come within twelve months; return their number."""
    made = 0
    due = LessonSeries.objects.filter(
        ends_on=None, covered_until__lt=(now + timedelta(days=368)).date()
    )
    for series_id in due.order_by("pk").values_list("pk", flat=True):
        try:
            made += len(_extend(series_id, now))
        except IntegrityError:  # tried again by the next run
            log.exception("a series was not extended", extra={"data": {"series": series_id}})
    return made


@transaction.atomic
def _extend(series_id: int, now: datetime) -> list[Lesson]:
    """The people are locked, so that of two workers the second finds the dates covered."""
    series = LessonSeries.objects.filter(pk=series_id).first()
    if series is None:
        return []
    members = _load_members(series)
    people = lock_people([series.tutor_id, *members])
    if members != _load_members(series):  # somebody has joined; the next run sees it
        return []
    series.refresh_from_db()
    recurrence = series.recurrence
    last = horizon(now, recurrence)
    active = Membership.objects.active().filter(classroom__tutor=series.tutor_id)
    ids = set(active.filter(student__in=members).values_list("student_id", flat=True))
    students = in_order(people[pk] for pk in ids & people.keys())
    if series.ends_on is not None or series.covered_until >= last or not students:
        return []
    tutor = people[series.tutor_id]
    first = max(series.covered_until, now.astimezone(recurrence.zone).date()) + timedelta(days=1)
    planned = plan(
        tutor=tutor,
        students=students,
        recurrence=recurrence,
        duration=series.duration,
        first=first,
        last=last,
    )
    made, refused = _insert_each(series, tutor, students, planned)
    series.covered_until = last
    skipped = [
        {"starts_at": one.original_starts_at.isoformat(), "reason": "conflict"}
        for one, _sentence in refused
    ]
    series.skipped = [*series.skipped, *skipped][-MAX_SKIPPED:]
    series.save(update_fields=["covered_until", "skipped"])
    if refused:
        notices.notify_not_scheduled(tutor, series, refused)
    return made


def _load_members(series: LessonSeries) -> set[int]:
    return set(series.members.values_list("student_id", flat=True))


def _insert_each(
    series: LessonSeries, tutor: User, students: list[User], planned: list[Occurrence]
) -> tuple[list[Lesson], list[tuple[Occurrence, str]]]:
    """The lessons that were made, and the occurrences that were not, each with a sentence."""
    made: list[Lesson] = []
    refused: list[tuple[Occurrence, str]] = []
    for one in planned:
        if one.is_blocked:
            refused.append((one, one.detail or ""))
            continue
        try:
            with transaction.atomic():
                made += insert_occurrences(series, tutor, students, [one])
        except DomainError as exc:  # too many hours, or a time that somebody has just taken
            refused.append((one, exc.detail))
    return made, refused
