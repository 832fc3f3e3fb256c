"""Moves the lessons of series back to their wall-clock time when a time zone gets new rules."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.common.mail import Kind, send
from apps.lessons.booking import lock_people
from apps.lessons.models import Lesson, LessonSeries, Participant, ZoneRules
from apps.lessons.notices import format_span
from apps.lessons.series import notices
from apps.lessons.series.planning import Occurrence, with_conflicts
from apps.lessons.series.rows import write_lessons
from apps.lessons.series.rules import to_instant

MAX_LISTED = 20  # lessons in one mail


@dataclass(slots=True)
class Shifted:
    """The upcoming occurrences of one tutor, by what becomes of them. `before` has the times of
    those that move; `stays` those that cannot, each with a sentence."""

    originals: dict[int, datetime] = field(default_factory=dict)
    lessons: dict[int, Lesson] = field(default_factory=dict)
    before: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    stays: dict[int, str] = field(default_factory=dict)


def follow_new_rules(outdated: Mapping[str, ZoneRules], now: datetime) -> set[int]:
    """Move the lessons that still follow the rule of a series in one of these zones, within the
    caller's transaction; return their ids. One whose new time is taken stays where it is."""
    moved: set[int] = set()
    series = LessonSeries.objects.filter(
        timezone__in=list(outdated), lessons__original_starts_at__gt=now
    )
    ids = list(series.order_by().distinct().values_list("pk", flat=True))
    if not ids:
        return moved
    booked = Participant.objects.filter(lesson__series__in=ids)
    students = set(booked.order_by().values_list("student_id", flat=True))
    tutors = set(LessonSeries.objects.filter(pk__in=ids).values_list("tutor_id", flat=True))
    people = lock_people([*tutors, *students])
    by_tutor: defaultdict[int, list[Lesson]] = defaultdict(list)
    rows = Lesson.objects.filter(series__in=ids, original_starts_at__gt=now)
    for lesson in rows.select_related("series").order_by("original_starts_at"):
        by_tutor[lesson.tutor_id].append(lesson)
    for tutor_id in sorted(by_tutor):
        moved |= _follow(people, people[tutor_id], by_tutor[tutor_id], outdated, now)
    return moved


def _follow(
    people: Mapping[int, User],
    tutor: User,
    rows: list[Lesson],
    outdated: Mapping[str, ZoneRules],
    now: datetime,
) -> set[int]:
    shifted = Shifted()
    for lesson in rows:
        _shift(shifted, lesson, outdated, now)
    if not shifted.originals:
        return set()
    attending = _load_attending(list(shifted.before))
    _keep_blocked(shifted, tutor, people, attending)
    for pk, original in shifted.originals.items():
        shifted.lessons[pk].original_starts_at = original
    fields = ["starts_at", "ends_at", "allow_overlap", "series_id", "original_starts_at"]
    write_lessons([shifted.lessons[pk] for pk in shifted.originals], fields)
    moved = [shifted.lessons[pk] for pk in shifted.before]
    told = [people[pk] for pk in sorted({s for each in moved for s in attending[each.pk]})]
    if moved:
        notices.notify_moved(tutor, moved, told, before=shifted.before, former_series=None)
    _notify_tutor(tutor, moved, shifted)
    return set(shifted.before)


def _shift(
    shifted: Shifted, lesson: Lesson, outdated: Mapping[str, ZoneRules], now: datetime
) -> None:
    """Exceptions and cancelled lessons keep their times; only the rule's start follows."""
    original, series = lesson.original_starts_at, lesson.series
    if original is None or series is None:
        return
    offset = outdated[series.timezone].offset_at(original)
    if offset is None:
        return
    wall_clock = (original + offset).replace(tzinfo=None)
    start = to_instant(wall_clock, series.recurrence.zone)
    if start == original:
        return
    shifted.lessons[lesson.pk], shifted.originals[lesson.pk] = lesson, start
    is_coming = lesson.status == Lesson.Status.SCHEDULED and lesson.starts_at > now
    if is_coming and lesson.starts_at == original:
        shifted.before[lesson.pk] = lesson.starts_at, lesson.ends_at
        length: timedelta = lesson.ends_at - lesson.starts_at
        lesson.starts_at, lesson.ends_at = start, start + length


def _load_attending(lesson_ids: list[int]) -> dict[int, set[int]]:
    attending: dict[int, set[int]] = {pk: set() for pk in lesson_ids}
    booked = Participant.objects.attending().filter(lesson__in=lesson_ids)
    for lesson_id, student_id in booked.values_list("lesson_id", "student_id"):
        attending[lesson_id].add(student_id)
    return attending


def _keep_blocked(
    shifted: Shifted, tutor: User, people: Mapping[int, User], attending: dict[int, set[int]]
) -> None:
    """A lesson that stays may be in the way of another, which then stays too."""
    while True:
        occurrences = [
            Occurrence(
                shifted.originals[pk],
                shifted.lessons[pk].starts_at,
                shifted.lessons[pk].ends_at,
                allow_overlap=shifted.lessons[pk].allow_overlap,
                student_ids=frozenset(attending[pk]),
                lesson_id=pk,
            )
            for pk in shifted.before
        ]
        students = [
            people[pk] for pk in sorted({s for pk in shifted.before for s in attending[pk]})
        ]
        checked = with_conflicts(tutor, students, occurrences, exclude=list(shifted.before))
        blocked = [one for one in checked if one.is_blocked and one.lesson_id is not None]
        if not blocked:
            return
        for one in blocked:
            pk = one.lesson_id or 0
            lesson = shifted.lessons[pk]
            lesson.starts_at, lesson.ends_at = shifted.before.pop(pk)
            shifted.stays[pk] = one.detail or ""


def _notify_tutor(tutor: User, moved: list[Lesson], shifted: Shifted) -> None:
    if not settings.EMAIL_URL or not (moved or shifted.stays):
        return
    with translation.override(tutor.locale):
        subject = ngettext(
            "A time zone has new rules: %(n)s lesson of your series keeps its time on the clock",
            "A time zone has new rules: %(n)s lessons of your series keep their time on the clock",
            len(moved),
        ) % {"n": len(moved)}
        lines = [subject, ""]
        lines += [format_span(tutor, each.starts_at, each.ends_at) for each in moved[:MAX_LISTED]]
        if shifted.stays:
            lines += ["", _("These could not move and are at another time on the clock now:")]
        for pk, reason in list(shifted.stays.items())[:MAX_LISTED]:
            lesson = shifted.lessons[pk]
            lines += [f"{format_span(tutor, lesson.starts_at, lesson.ends_at)}. {reason}"]
        lines += ["", f"{settings.PUBLIC_URL}/calendar/"]
        send(to=tutor.email, subject=subject, text="\n".join(lines), kind=Kind.TIME_ZONE)
