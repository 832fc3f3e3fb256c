"""Finds the lessons that keep a tutor or students from having another one at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.db import placeholders, select_rows
from apps.lessons.errors import lesson_conflict
from apps.lessons.models import MAX_DURATION, Participant
from apps.lessons.notices import format_span

Span = tuple[datetime, datetime]

# Lessons with `allow_overlap` are found too, although the database constraints pass them.
_TAUGHT = """
SELECT lesson.id, lesson.starts_at, lesson.ends_at, lesson.ended_at, lesson.tutor_id,
    CAST(NULL AS bigint) AS student_id
FROM lessons_lesson AS lesson
WHERE lesson.tutor_id = %s AND lesson.status <> 'cancelled'
    AND lesson.starts_at < %s AND lesson.starts_at > %s AND lesson.ends_at > %s
"""
_ATTENDED = """
SELECT lesson.id, lesson.starts_at, lesson.ends_at, lesson.ended_at, lesson.tutor_id,
    participant.student_id
FROM lessons_participant AS participant
JOIN lessons_lesson AS lesson ON lesson.id = participant.lesson_id
WHERE participant.student_id IN ({students}) AND lesson.status <> 'cancelled'
    AND participant.status NOT IN ('cancelled', 'late_cancelled')
    AND participant.starts_at < %s AND participant.starts_at > %s
    AND participant.occupied_until > %s
"""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A lesson of the tutor, or of a student (`student_id`) with this or another tutor."""

    lesson_id: int
    starts_at: datetime
    occupied_until: datetime
    tutor_id: int
    student_id: int | None

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.starts_at < end and start < self.occupied_until


def find_conflicts(
    tutor: User, student_ids: Collection[int], span: Span, *, exclude: Collection[int] = ()
) -> list[Conflict]:
    """All lessons of these people that occupy time in the span, by start; in one query.

    `exclude` are ids of lessons that do not count, since they are about to be moved.
    """
    start, end = span
    bounds = (end, start - MAX_DURATION, start)
    query, values = _TAUGHT, [tutor.pk, *bounds]
    if student_ids:
        attended = _ATTENDED.format(students=placeholders(student_ids))
        query = f"{_TAUGHT} UNION ALL {attended}"
        values += [*student_ids, *bounds]
    found = [_to_conflict(row) for row in select_rows(query, *values)]
    return sorted(
        (c for c in found if c.lesson_id not in exclude and _occupies(c, start)),
        key=lambda c: (c.starts_at, c.lesson_id, c.student_id or 0),
    )


def _to_conflict(row: tuple[Any, ...]) -> Conflict:
    pk, starts_at, ends_at, ended_at, tutor_id, student_id = row
    until = min(ends_at, ended_at or ends_at)
    return Conflict(
        pk, starts_at.replace(tzinfo=UTC), until.replace(tzinfo=UTC), tutor_id, student_id
    )


def _occupies(conflict: Conflict, start: datetime) -> bool:
    return conflict.occupied_until > max(start, conflict.starts_at)


def check_conflicts(
    tutor: User,
    student_ids: Collection[int],
    spans: Sequence[Span],
    *,
    exclude: Collection[int] = (),
) -> None:
    """Raises `lesson_conflict` for the first span that is not free, naming whom and when."""
    whole = min(start for start, _end in spans), max(end for _start, end in spans)
    conflicts = find_conflicts(tutor, student_ids, whole, exclude=exclude)
    for start, end in spans if conflicts else ():
        for conflict in conflicts:
            if conflict.overlaps(start, end):
                [sentence] = describe_conflicts(tutor, [(conflict, (start, end))])
                raise lesson_conflict(sentence)


def describe_conflicts(tutor: User, found: Sequence[tuple[Conflict, Span]]) -> list[str]:
    """A sentence for the tutor on each conflict with a span, in two queries at most.

    Of a student's lesson with another tutor only its part within the span is named, so that nothing
    else about it is disclosed.
    """
    conflicts = [conflict for conflict, _span in found]
    own = _load_names_by_lesson({c.lesson_id for c in conflicts if c.tutor_id == tutor.pk})
    busy = User.objects.in_bulk({c.student_id or 0 for c in conflicts if c.tutor_id != tutor.pk})
    sentences = []
    for conflict, (start, end) in found:
        if conflict.tutor_id == tutor.pk:
            name = ", ".join(own[conflict.lesson_id])
            shown = conflict.starts_at, conflict.occupied_until
            sentence = _("You already have a lesson with %(name)s then: %(when)s.")
        else:
            name = busy[conflict.student_id or 0].get_full_name()
            shown = max(start, conflict.starts_at), min(end, conflict.occupied_until)
            sentence = _("%(name)s is not free then: %(when)s.")
        sentences.append(sentence % {"name": name, "when": format_span(tutor, *shown)})
    return sentences


def _load_names_by_lesson(lesson_ids: Collection[int]) -> dict[int, list[str]]:
    """The names of those who attend each lesson, in order."""
    names: dict[int, list[str]] = {pk: [] for pk in lesson_ids}
    if names:
        attending = Participant.objects.attending().filter(lesson__in=lesson_ids)
        for one in attending.select_related("student"):
            names[one.lesson_id].append(one.student.get_full_name())
    return names
