"""Mail to the students about a lesson, in each student's language and time zone."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.dates import format_full_span
from apps.common.mail import CalendarPart, Kind, compose, logged_failure, send_all
from apps.common.mail_queue import QueuedEmail
from apps.common.models import DailyLimit
from apps.common.zones import clock_times, zone_label
from apps.lessons.calendar_ids import installation_id
from apps.lessons.models import Lesson

MAX_PER_DAY = 50  # mails about lessons of one tutor with one student; the last announces the limit
log = logging.getLogger("kreida.mail")


class _Change(NamedTuple):
    """`sentence` is called with the student's language active. `for_calendar` is False for what
    the student's calendar was not told before."""

    sentence: Callable[[], str]
    before: tuple[datetime, datetime] | None = None
    is_cancellation: bool = False
    for_calendar: bool = True


def notify_lesson_scheduled(lesson: Lesson, students: Iterable[User]) -> None:
    change = _Change(lambda: _("A lesson with %(tutor)s: %(when)s"))
    _mail_students(lesson, students, change)


def notify_time_changed(
    lesson: Lesson, students: Iterable[User], starts_at: datetime, ends_at: datetime
) -> None:
    """`starts_at` and `ends_at` are the previous times. A new end alone is not called a move."""

    def sentence() -> str:
        if lesson.starts_at == starts_at:
            return _("Your lesson with %(tutor)s now ends at %(end)s")
        return _("Your lesson with %(tutor)s has moved: %(when)s")

    _mail_students(lesson, students, _Change(sentence, (starts_at, ends_at)))


def notify_lesson_cancelled(lesson: Lesson, students: Iterable[User]) -> None:
    change = _Change(
        lambda: _("Your lesson with %(tutor)s was cancelled: %(when)s"), is_cancellation=True
    )
    _mail_students(lesson, students, change)


def notify_confirmed(lesson: Lesson, students: Iterable[User]) -> None:
    change = _Change(lambda: _("%(tutor)s has confirmed your lesson: %(when)s"))
    _mail_students(lesson, students, change)


def notify_declined(lesson: Lesson, students: Iterable[User]) -> None:
    change = _Change(
        lambda: _("%(tutor)s cannot give the lesson that you asked for: %(when)s"),
        for_calendar=False,
    )
    _mail_students(lesson, students, change)


def notify_removed(lesson: Lesson, student: User) -> None:
    change = _Change(
        lambda: _("You no longer have a lesson with %(tutor)s: %(when)s"), is_cancellation=True
    )
    _mail_students(lesson, [student], change)


def notify_cancelled_by_student(lesson: Lesson, student: User, reason: str) -> None:
    """To the student, with a message for the calendar, and to the tutor, whose calendar is a feed.

    The tutor's mail counts for the daily limit too, so that nobody can flood the tutor.
    """
    change = _Change(
        lambda: _("You cancelled your lesson with %(tutor)s: %(when)s"), is_cancellation=True
    )
    _mail_students(lesson, [student], change)
    tutor = lesson.tutor
    if not settings.EMAIL_URL or count_mail(tutor, student) < 0:
        return
    with translation.override(tutor.locale):
        subject = _("%(student)s cancelled a lesson: %(when)s") % {
            "student": student.get_full_name(),
            "when": format_span(tutor, lesson.starts_at, lesson.ends_at),
        }
        lines = [subject, lesson.title, reason, f"{settings.PUBLIC_URL}/lessons/{lesson.pk}/"]
        text = "\n".join(line for line in lines if line)
        send_all([compose(to=tutor.email, subject=subject, text=text, kind=Kind.LESSON)])


def format_span(reader: User, start: datetime, end: datetime) -> str:
    """“Monday, 2 March, 14:00–15:00 (Kyiv)”, in the reader's time zone and the active language."""
    today = reader.to_local_time(timezone.now()).date()
    span = format_full_span(reader.to_local_time(start), reader.to_local_time(end), today)
    return f"{span} ({zone_label(reader.timezone)})"


def _mail_students(lesson: Lesson, students: Iterable[User], change: _Change) -> None:
    """A placeholder gets no mail."""
    readers = [student for student in students if not student.is_placeholder]
    if not settings.EMAIL_URL or not readers:
        return
    with logged_failure():
        installation = _load_calendar_fields(lesson)
        mails = (_compose(lesson, student, change, installation) for student in readers)
        send_all([mail for mail in mails if mail is not None])


def _load_calendar_fields(lesson: Lesson) -> str:
    """Reload what a trigger has changed, and return the installation's id."""
    lesson.refresh_from_db(fields=["sequence", "created_at", "updated_at"])
    return installation_id()


def _compose(
    lesson: Lesson, student: User, change: _Change, installation: str
) -> QueuedEmail | None:
    """None over the day's limit."""
    remaining = count_mail(lesson.tutor, student)
    if remaining < 0:
        return None
    with translation.override(student.locale):
        now = format_span(student, lesson.starts_at, lesson.ends_at)
        _begin, end = clock_times(
            student.to_local_time(lesson.starts_at), student.to_local_time(lesson.ends_at)
        )
        values = {"tutor": lesson.tutor.get_full_name(), "when": now, "end": end}
        subject = change.sentence() % values
        lines = [subject]
        if change.before:
            lines += [
                _("Before: %(when)s") % {"when": format_span(student, *change.before)},
                _("Now: %(when)s") % {"when": now},
            ]
        lines += [lesson.title, lesson.cancel_reason, f"{settings.PUBLIC_URL}/lessons/{lesson.pk}/"]
        lines = [line for line in lines if line]
        if remaining == 0:
            lines += ["", last_mail_note(lesson.tutor)]
        part = _build_part(lesson, student, change, installation)
        return compose(
            to=student.email,
            subject=subject,
            text="\n".join(lines),
            calendar=part,
            kind=Kind.LESSON,
        )


def _build_part(
    lesson: Lesson, student: User, change: _Change, installation: str
) -> CalendarPart | None:
    """Mail is sent without it all the same if it cannot be written."""
    from apps.lessons import itip  # noqa: PLC0415 -- icalendar takes 3 MB

    if not change.for_calendar:
        return None
    build = itip.build_cancel if change.is_cancellation else itip.build_request
    try:
        return build(lesson, student, installation=installation, now=timezone.now())
    except ValueError:
        log.exception("could not write a calendar message")
        return None


def count_mail(tutor: User, student: User) -> int:
    """Count a mail of the tutor to the student, and return how many are left for today; negative if
    this mail is over the limit."""
    if not settings.THROTTLING:
        return MAX_PER_DAY
    name, now = f"lesson-mails:{tutor.pk}:{student.pk}", timezone.now()
    if not DailyLimit.use(name, MAX_PER_DAY, now):
        return -1
    return DailyLimit.remaining(name, MAX_PER_DAY, now)


def last_mail_note(tutor: User) -> str:
    return _(
        "There have been many changes, so you will get no more e-mails about lessons with "
        "%(tutor)s for a day. Your calendar shows every change: %(url)s"
    ) % {"tutor": tutor.get_full_name(), "url": f"{settings.PUBLIC_URL}/calendar/"}
