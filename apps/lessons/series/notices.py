"""Mail to the students about a series: one message a person and change, in the reader's language
and time zone, with the series as a calendar message."""

import copy
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone as clock
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.common.mail import CalendarPart, Kind, compose, logged_failure, send, send_all
from apps.common.mail_queue import QueuedEmail
from apps.lessons.calendar_ids import installation_id
from apps.lessons.models import Lesson, LessonSeries, Participant
from apps.lessons.notices import count_mail, format_span, last_mail_note
from apps.lessons.series.planning import Occurrence

MAX_LISTED = 10  # dates in one mail
MAX_SINGLE = 50  # calendar messages of single lessons in one mail
Times = Mapping[int, tuple[datetime, datetime]]  # by lesson
Attendance = tuple[int, int]  # ids of a student and a lesson
log = logging.getLogger("kreida.mail")


@dataclass(frozen=True, slots=True)
class _Notice:
    """`sentence` gets the number of the reader's lessons; it and `introduction` are called with the
    reader's language active. `others` are ids of series that have changed besides those of the
    lessons, `gone` of those that no longer exist, with the time by which they were made. `joined`
    are lessons that were single ones before: calendars have them by another UID. `known` are single
    lessons that a student's calendar may have."""

    tutor: User
    lessons: Sequence[Lesson]
    sentence: Callable[[int], str]
    introduction: Callable[[], str] = str
    before: Times | None = None
    others: Collection[int] = ()
    gone: Mapping[int, datetime] | None = None
    joined: Sequence[Lesson] = ()
    known: Collection[Attendance] = ()


def notify_scheduled(
    tutor: User,
    lessons: Sequence[Lesson],
    students: Sequence[User],
    *,
    joined: Sequence[Lesson] = (),
) -> None:
    """`joined` are single lessons that have become part of the same series."""

    def sentence(n: int) -> str:
        return ngettext(
            "%(n)s lesson with %(tutor)s was scheduled",
            "%(n)s lessons with %(tutor)s were scheduled",
            n,
        )

    def joined_sentence(n: int) -> str:
        return ngettext(
            "%(n)s lesson with %(tutor)s is part of a series now",
            "%(n)s lessons with %(tutor)s are a series now",
            n,
        )

    if lessons:
        title = lessons[0].title
        _mail(students, _Notice(tutor, lessons, sentence, lambda: title, joined=joined))
    elif joined:
        _mail(students, _Notice(tutor, joined, joined_sentence, joined=joined))


def notify_moved(
    tutor: User,
    lessons: Sequence[Lesson],
    students: Sequence[User],
    *,
    before: Times,
    former_series: int | None,
) -> None:
    """`before` has the previous times. The lessons may have got a series of their own."""

    def sentence(n: int) -> str:
        return ngettext(
            "%(n)s lesson with %(tutor)s has moved", "%(n)s lessons with %(tutor)s have moved", n
        )

    others = [former_series] if former_series is not None else []
    _mail(students, _Notice(tutor, lessons, sentence, before=before, others=others))


def notify_cancelled(
    tutor: User, lessons: Sequence[Lesson], students: Sequence[User], reason: str
) -> None:
    def sentence(n: int) -> str:
        return ngettext(
            "%(n)s lesson with %(tutor)s was cancelled",
            "%(n)s lessons with %(tutor)s were cancelled",
            n,
        )

    _mail(students, _Notice(tutor, lessons, sentence, lambda: reason))


def notify_restarted(
    tutor: User,
    cancelled: Sequence[Lesson],
    former_students: Sequence[User],
    lessons: Sequence[Lesson],
    students: Sequence[User],
) -> None:
    """New lessons have come in the place of those that were cancelled, perhaps without some of
    their students."""

    def sentence(n: int) -> str:
        return ngettext(
            "Your lessons with %(tutor)s have a new plan: %(n)s lesson",
            "Your lessons with %(tutor)s have a new plan: %(n)s lessons",
            n,
        )

    others = {lesson.series_id for lesson in cancelled if lesson.series_id is not None}
    _mail(students, _Notice(tutor, lessons, sentence, others=others))
    left = [student for student in former_students if student not in students]
    notify_cancelled(tutor, cancelled, left, "")


def notify_removed(tutor: User, lessons: Sequence[Lesson], students: Sequence[User]) -> None:
    def sentence(n: int) -> str:
        return ngettext(
            "You no longer have %(n)s lesson with %(tutor)s",
            "You no longer have %(n)s lessons with %(tutor)s",
            n,
        )

    _mail(students, _Notice(tutor, lessons, sentence), attends_all=True)


def notify_undone(
    tutor: User,
    lessons: Sequence[Lesson],
    students: Sequence[User],
    *,
    known: Collection[Attendance],
    gone: Mapping[int, datetime],
) -> None:
    """`known` are the lessons that each student had before or after the change, `gone` the series
    that it had made, with the time by which they were made."""

    def sentence(_n: int) -> str:
        return _("%(tutor)s has taken back the last change of your lessons")

    notice = _Notice(
        tutor,
        lessons,
        sentence,
        lambda: _("Your lessons are as they were before:"),
        known=known,
        gone=gone,
    )
    _mail(students, notice)


def notify_not_scheduled(
    tutor: User, series: LessonSeries, refused: Sequence[tuple[Occurrence, str]]
) -> None:
    """To the tutor, about lessons of a series without end that have come within its horizon."""
    if not settings.EMAIL_URL:
        return
    with translation.override(tutor.locale):
        subject = ngettext(
            "%(n)s lesson of your series could not be scheduled",
            "%(n)s lessons of your series could not be scheduled",
            len(refused),
        ) % {"n": len(refused)}
        lines = [series.title, ""] if series.title else []
        for one, reason in refused[:MAX_LISTED]:
            lines += [format_span(tutor, one.starts_at, one.ends_at), reason]
        lines += ["", f"{settings.PUBLIC_URL}/calendar/"]
        send(to=tutor.email, subject=subject, text="\n".join(lines), kind=Kind.LESSON)


def _mail(students: Sequence[User], notice: _Notice, *, attends_all: bool = False) -> None:
    """A placeholder gets no mail. Each reader is told of the own lessons only."""
    readers = [student for student in students if not student.is_placeholder]
    if not settings.EMAIL_URL or not readers:
        return
    with logged_failure():
        booked = _find_booked([*notice.lessons, *notice.joined], readers)
        _load_sequences([*_find_single(notice.lessons), *notice.joined])
        mails = []
        for student in readers:
            own = replace(
                notice,
                lessons=notice.lessons if attends_all else _of(student, notice.lessons, booked),
                joined=_of(student, notice.joined, booked),
            )
            singles = [
                (lesson, (student.pk, lesson.pk) in booked)
                for lesson in _find_single(notice.lessons)
                if (student.pk, lesson.pk) in notice.known
            ]
            mail = _compose(student, own, singles)
            if mail is not None:
                mails.append(mail)
        send_all(mails)


def _find_booked(lessons: Sequence[Lesson], readers: Sequence[User]) -> set[Attendance]:
    booked = Participant.objects.attending().filter(lesson__in=lessons, student__in=readers)
    return set(booked.order_by().values_list("student_id", "lesson_id"))


def _of(student: User, lessons: Sequence[Lesson], booked: Collection[Attendance]) -> list[Lesson]:
    return [lesson for lesson in lessons if (student.pk, lesson.pk) in booked]


def _find_single(lessons: Sequence[Lesson]) -> list[Lesson]:
    return [lesson for lesson in lessons if lesson.series_id is None][:MAX_SINGLE]


def _load_sequences(lessons: Sequence[Lesson]) -> None:
    """Reload what triggers have changed."""
    if not lessons:
        return
    found = Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons])
    rows = {row.pk: row for row in found.only("sequence", "updated_at")}
    for lesson in lessons:
        lesson.sequence, lesson.updated_at = rows[lesson.pk].sequence, rows[lesson.pk].updated_at


def _compose(
    student: User, notice: _Notice, singles: Sequence[tuple[Lesson, bool]]
) -> QueuedEmail | None:
    """None over the day's limit."""
    lessons = notice.lessons
    remaining = count_mail(notice.tutor, student)
    if remaining < 0:
        return None
    with translation.override(student.locale):
        values = {"n": len(lessons), "tutor": notice.tutor.get_full_name()}
        subject = notice.sentence(len(lessons)) % values
        introduction = notice.introduction()
        lines = [subject, introduction, ""] if introduction else [subject, ""]
        lines += [_describe(student, lesson, notice.before) for lesson in lessons[:MAX_LISTED]]
        url = f"{settings.PUBLIC_URL}/calendar/"
        if len(lessons) > MAX_LISTED:
            lines.append(_("All others are in your calendar: %(url)s") % {"url": url})
        else:
            lines.append(url)
        if remaining == 0:
            lines += ["", last_mail_note(notice.tutor)]
        parts = _build_parts(student, notice, singles)
        return compose(
            to=student.email,
            subject=subject,
            text="\n".join(lines),
            calendar=parts[0] if parts else None,
            more_calendars=parts[1:],
            kind=Kind.LESSON,
        )


def _describe(student: User, lesson: Lesson, before: Times | None) -> str:
    now = format_span(student, lesson.starts_at, lesson.ends_at)
    if before is None or lesson.pk not in before:
        return now
    return f"{format_span(student, *before[lesson.pk])} → {now}"


def _build_parts(
    student: User, notice: _Notice, singles: Sequence[tuple[Lesson, bool]]
) -> list[CalendarPart]:
    """First the series of the lessons, on which mail programs act by themselves. Mail is sent
    without it all the same if it cannot be written."""
    from apps.lessons import itip, itip_series  # noqa: PLC0415 -- icalendar takes 3 MB

    ids = dict.fromkeys(lesson.series_id for lesson in notice.lessons if lesson.series_id)
    ids |= dict.fromkeys(notice.others)
    common: dict[str, Any] = {"now": clock.now()}
    try:
        common["installation"] = installation_id()
        parts = itip_series.build_parts(list(ids), student, **common)
        for lesson, is_booked in singles:
            is_on = is_booked and not lesson.is_cancelled
            build = itip.build_request if is_on else itip.build_cancel
            parts.append(build(lesson, student, **common))
        for lesson in notice.joined[:MAX_SINGLE]:
            parts.append(itip.build_cancel(_as_single(lesson), student, **common))
    except ValueError:
        log.exception("could not write a calendar message")
        return []
    gone = notice.gone or {}
    return parts + [
        itip_series.build_gone_part(pk, student, tutor=notice.tutor, made_at=made_at, **common)
        for pk, made_at in gone.items()
    ]


def _as_single(lesson: Lesson) -> Lesson:
    """An occurrence by the UID that it had before it joined its series."""
    former = copy.copy(lesson)
    former.series = former.original_starts_at = None
    return former
