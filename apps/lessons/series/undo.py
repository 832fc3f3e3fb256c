"""Records a change of lessons, and undoes it within a minute.

A change is the state of its lessons and series before and after it. It is undone only while that
state has not changed again. Mail that was sent stays sent; the students are told of the undoing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.realtime.notify import recheck_lesson
from apps.common.db import delete_in_batches
from apps.common.errors import DomainError, precondition_failed
from apps.common.turns import turn
from apps.lessons.booking import lock_people, to_domain_error
from apps.lessons.models import UNDO_TIME, Lesson, LessonChange, LessonSeries, Participant
from apps.lessons.series import notices
from apps.lessons.series.rows import replace_first_student, write_lessons

State = dict[str, Any]
_LESSON_FIELDS = {
    "starts_at": datetime,
    "ends_at": datetime,
    "ended_at": datetime,
    "title": str,
    "status": str,
    "cancelled_at": datetime,
    "cancel_reason": str,
    "allow_overlap": bool,
    "series_id": int,
    "original_starts_at": datetime,
}
_SERIES_FIELDS = {
    "title": str,
    "rrule": str,
    "start_date": date,
    "start_time": time,
    "duration_minutes": int,
    "day_shift": int,
    "skip_dates": list,
    "ends_on": date,
    "covered_until": date,
    "skipped": list,
    "earlier_id": int,
}


@dataclass(slots=True)
class Recording:
    """Ids added by the change; `change` is set once it is stored."""

    new_lessons: list[int] = field(default_factory=list)
    new_series: list[int] = field(default_factory=list)
    change: LessonChange | None = None


@contextmanager
def recorded(
    *, tutor: User, kind: str, lesson_ids: Iterable[int], series_ids: Iterable[int] = ()
) -> Iterator[Recording]:
    """Run a change in a transaction and store it, unless it changes nothing.

    The people of the lessons should be locked, or what another request changes meanwhile is taken
    for a part of this change.
    """
    lessons, series = list(lesson_ids), list(series_ids)
    recording = Recording()
    with transaction.atomic():
        before = _state(lessons, series)
        yield recording
        after = _state([*lessons, *recording.new_lessons], [*series, *recording.new_series])
        if after != before:
            recording.change = LessonChange.objects.create(
                tutor=tutor, kind=kind, before=before, after=after, created_at=clock.now()
            )


def list_undoable(tutor: User, now: datetime) -> list[LessonChange]:
    """The newest first."""
    recent = LessonChange.objects.filter(
        tutor=tutor, undone_at=None, created_at__gt=now - UNDO_TIME
    )
    return list(recent.order_by("-id")[:20])


def delete_old_changes(now: datetime) -> int:
    return delete_in_batches(LessonChange.objects.filter(created_at__lt=now - 10 * UNDO_TIME))


def undo(*, change: LessonChange, now: datetime) -> int:
    """Return the number of lessons that were restored.

    Raises `not_undoable` after a minute, or once the lessons have changed again;
    `lesson_conflict` if their former time is taken.
    """
    before, after = change.before, change.after
    views = [_lessons_by_student(state) for state in (before, after)]
    known = {(student, pk) for view in views for student in view for pk in view[student]}
    students = {student for student, _lesson in known}
    affected = {pk for pk in students if views[0].get(pk) != views[1].get(pk)}
    try:
        with turn(change.tutor_id), transaction.atomic():
            people = lock_people([change.tutor_id, *students])
            _claim(change, now)
            current = _state(map(int, after["lessons"]), map(int, after["series"]))
            if current != after:
                raise _not_undoable(_("The lessons have been changed again."))
            if people.keys() < students:
                raise precondition_failed()
            _restore(before, after)
            restored = list(Lesson.objects.filter(pk__in=before["lessons"]).in_order())
            told = [people[pk] for pk in sorted(affected)]
            tutor = people[change.tutor_id]
            gone = {int(pk): change.created_at for pk in after["series"].keys() - before["series"]}
            notices.notify_undone(tutor, restored, told, known=known, gone=gone)
            for lesson in restored:
                transaction.on_commit(partial(recheck_lesson, lesson.pk))
    except ProtectedError as exc:  # a new lesson was charged meanwhile
        raise _not_undoable(_("The lessons have been changed again.")) from exc
    except IntegrityError as exc:
        raise to_domain_error(exc) from exc
    return len(restored)


def _lessons_by_student(state: State) -> dict[int, dict[int, Any]]:
    """The lesson fields and participation status shown in each student's calendar, by lesson."""
    found: defaultdict[int, dict[int, Any]] = defaultdict(dict)
    for pk, row in state["lessons"].items():
        shown = [row[name] for name in _LESSON_FIELDS]
        for student, status in row["students"]:
            found[student][int(pk)] = (shown, status)
    return found


def count_changed(change: LessonChange) -> int:
    """Lessons that were made, or of which people see a change: not those that only got another
    series, or another place in its rule."""
    before, after = change.before["lessons"], change.after["lessons"]
    return sum(pk not in before or _seen(row) != _seen(before[pk]) for pk, row in after.items())


def _seen(lesson: State) -> State:
    return {k: v for k, v in lesson.items() if k not in ("series_id", "original_starts_at")}


def _claim(change: LessonChange, now: datetime) -> None:
    recent = LessonChange.objects.filter(pk=change.pk, created_at__gt=now - UNDO_TIME)
    if not recent.filter(undone_at=None).update(undone_at=now):
        raise _not_undoable(_("A change can be undone for a minute."))


def _not_undoable(detail: str) -> DomainError:
    return DomainError("not_undoable", 409, detail)


def _state(lesson_ids: Iterable[int], series_ids: Iterable[int]) -> State:
    lessons: dict[str, dict[str, Any]] = {
        str(pk): {name: _to_json(value) for name, value in zip(_LESSON_FIELDS, row, strict=True)}
        for pk, *row in Lesson.objects.filter(pk__in=list(lesson_ids))
        .order_by("pk")
        .values_list("pk", *_LESSON_FIELDS)
    }
    for lesson in lessons.values():
        lesson["students"] = []
    participants = Participant.objects.filter(lesson__in=list(lessons)).order_by("student_id")
    for lesson_id, *row in participants.values_list("lesson_id", "student_id", "status"):
        lessons[str(lesson_id)]["students"].append(row)
    series = {
        str(one.pk): {
            **{name: _to_json(getattr(one, name)) for name in _SERIES_FIELDS},
            "members": sorted(member.student_id for member in one.members.all()),
        }
        for one in LessonSeries.objects.filter(pk__in=list(series_ids)).prefetch_related("members")
    }
    return {"lessons": lessons, "series": series}


def _to_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time) else value


def _from_json(kind: type, value: Any) -> Any:
    if value is None or kind not in (date, datetime, time):
        return value
    return kind.fromisoformat(value)


def _restore(before: State, after: State) -> None:
    new = [pk for pk in after["lessons"] if pk not in before["lessons"]]
    Lesson.objects.filter(pk__in=new).delete()
    _restore_participants(before, after)
    lessons = Lesson.objects.in_bulk(list(map(int, before["lessons"])))
    for pk, row in before["lessons"].items():
        lesson = lessons[int(pk)]
        for name, kind in _LESSON_FIELDS.items():
            setattr(lesson, name, _from_json(kind, row[name]))
    write_lessons(list(lessons.values()), list(_LESSON_FIELDS))
    for pk, row in before["series"].items():
        values = {name: _from_json(kind, row[name]) for name, kind in _SERIES_FIELDS.items()}
        LessonSeries.objects.filter(pk=int(pk)).update(**values, updated_at=clock.now())
        _restore_members(LessonSeries.objects.get(pk=int(pk)), row["members"])
    created = [pk for pk in after["series"] if pk not in before["series"]]
    LessonSeries.objects.filter(pk__in=created).delete()


def _restore_members(series: LessonSeries, members: list[int]) -> None:
    series.members.exclude(student__in=members).delete()
    known = set(series.members.values_list("student_id", flat=True))
    for student_id in members:
        if student_id not in known:
            series.members.create(student_id=student_id)


def _restore_participants(before: State, after: State) -> None:
    missing, removed = [], []
    for pk, row in before["lessons"].items():
        were, are = dict(row["students"]), dict(after["lessons"][pk]["students"])
        missing += [
            Participant(lesson_id=int(pk), student_id=student_id, status=status)
            for student_id, status in were.items()
            if student_id not in are
        ]
        removed += [(int(pk), student_id) for student_id in are if student_id not in were]
    Participant.objects.bulk_create(missing)
    for student_id in {student_id for _pk, student_id in removed}:
        lessons = [pk for pk, removed_id in removed if removed_id == student_id]
        replace_first_student(lessons, student_id)
        Participant.objects.filter(lesson__in=lessons, student=student_id).delete()
