"""Mail to the students about a series: one message a person and change, in the reader's language
and time zone, with the series as a calendar message."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
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
Times = Mapping[int, tuple[datetime, datetime]]  # by lesson
log = logging.getLogger("kreida.mail")


@dataclass(frozen=True, slots=True)
class _Notice:
    """`sentence` gets the number of the reader's lessons; it and `introduction` are called with the
    reader's language active. `others` are ids of series that have changed besides those of the
    lessons, `gone` of those that no longer exist, with the time by which they were made."""

    tutor: User
    lessons: Sequence[Lesson]
    sentence: Callable[[int], str]
    introduction: Callable[[], str] = str
    before: Times | None = None
    others: Collection[int] = ()
    gone: Mapping[int, datetime] | None = None


def notify_scheduled(tutor: User, lessons: Sequence[Lesson], students: Sequence[User]) -> None:
    def sentence(n: int) -> str:
        return ngettext(
            "%(n)s lesson with %(tutor)s was scheduled",
            "%(n)s lessons with %(tutor)s were scheduled",
            n,
        )

    if lessons:
        _mail(students, _Notice(tutor, lessons, sentence, lambda: lessons[0].title))


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
    gone: Mapping[int, datetime] | None = None,
) -> None:
    """`gone` has the series that the change had made, with the time by which they were made."""

    def sentence(_n: int) -> str:
        return _("%(tutor)s has taken back the last change of your lessons")

    notice = _Notice(
        tutor,
        lessons,
        sentence,
        lambda: _("Your lessons are as they were before:"),
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
        own = None if attends_all else _find_own(notice.lessons, readers)
        mails = []
        for student in readers:
            lessons = notice.lessons if own is None else own[student.pk]
            mail = _compose(student, notice, lessons)
            if mail is not None:
                mails.append(mail)
        send_all(mails)


def _find_own(lessons: Sequence[Lesson], readers: Sequence[User]) -> dict[int, list[Lesson]]:
    booked = Participant.objects.attending().filter(lesson__in=lessons, student__in=readers)
    pairs = set(booked.order_by().values_list("student_id", "lesson_id"))
    return {
        reader.pk: [lesson for lesson in lessons if (reader.pk, lesson.pk) in pairs]
        for reader in readers
    }


def _compose(student: User, notice: _Notice, lessons: Sequence[Lesson]) -> QueuedEmail | None:
    """None over the day's limit."""
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
        parts = _build_parts(student, notice)
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


def _build_parts(student: User, notice: _Notice) -> list[CalendarPart]:
    """First the series of the lessons, on which mail programs act by themselves. Mail is sent
    without it all the same if it cannot be written."""
    from apps.lessons import itip_series  # noqa: PLC0415 -- icalendar takes 3 MB

    ids = dict.fromkeys(lesson.series_id for lesson in notice.lessons if lesson.series_id)
    ids |= dict.fromkeys(notice.others)
    common: dict[str, Any] = {"now": clock.now()}
    try:
        common["installation"] = installation_id()
        parts = itip_series.build_parts(list(ids), student, **common)
        if not ids and len(notice.lessons) == 1:
            parts.append(_build_single_part(notice.lessons[0], student, **common))
    except ValueError:
        log.exception("could not write a calendar message")
        return []
    gone = notice.gone or {}
    return parts + [
        itip_series.build_gone_part(pk, student, tutor=notice.tutor, made_at=made_at, **common)
        for pk, made_at in gone.items()
    ]


def _build_single_part(lesson: Lesson, student: User, **common: Any) -> CalendarPart:
    from apps.lessons import itip  # noqa: PLC0415 -- as above

    lesson.refresh_from_db(fields=["sequence", "updated_at"])
    is_booked = lesson.participants.attending().filter(student=student).exists()
    is_on = is_booked and not lesson.is_cancelled
    build = itip.build_request if is_on else itip.build_cancel
    return build(lesson, student, **common)
