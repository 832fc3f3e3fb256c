"""Mail to the tutor about what a student has booked, in the tutor's language and time zone."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.booking.models import FirstLessonRequest
from apps.common.mail import Kind, send
from apps.common.models import DailyLimit
from apps.lessons.models import Lesson
from apps.lessons.notices import format_span

MAX_PER_DAY = 20  # mails about bookings of one student to one tutor
log = logging.getLogger("kreida.mail")


def notify_booked(lesson: Lesson, student: User, moved: Lesson | None = None) -> None:
    """A request, also for another time of the lesson `moved`, or a lesson that needs no
    confirmation."""
    with translation.override(lesson.tutor.locale):
        if moved is not None:
            sentence = _("%(student)s asks for another time: %(when)s")
        elif lesson.is_requested:
            sentence = _("%(student)s asks for a lesson: %(when)s")
        else:
            sentence = _("%(student)s has booked a lesson: %(when)s")
        lines = []
        if moved is not None:
            when = format_span(lesson.tutor, moved.starts_at, moved.ends_at)
            lines.append(_("Now: %(when)s") % {"when": when})
        if lesson.is_requested:
            lines.append(_("Confirm or decline it on its page. It lapses at its start."))
        _mail_tutor(lesson, student, sentence, lines)


def notify_moved(lesson: Lesson, student: User, before: tuple[datetime, datetime]) -> None:
    """A move that needed no confirmation."""
    with translation.override(lesson.tutor.locale):
        sentence = _("%(student)s has moved a lesson: %(when)s")
        when = format_span(lesson.tutor, *before)
        _mail_tutor(lesson, student, sentence, [_("Before: %(when)s") % {"when": when}])


def _mail_tutor(lesson: Lesson, student: User, sentence: str, lines: list[str]) -> None:
    """In the active language, which is the tutor's."""
    tutor = lesson.tutor
    if not settings.EMAIL_URL or not _is_within_limit(tutor, student):
        return
    when = format_span(tutor, lesson.starts_at, lesson.ends_at)
    subject = sentence % {"student": student.get_full_name(), "when": when}
    address = f"{settings.PUBLIC_URL}/lessons/{lesson.pk}/"
    send(
        to=tutor.email,
        subject=subject,
        text="\n".join([subject, *lines, address]),
        kind=Kind.LESSON,
    )


def notify_first_lesson(request: FirstLessonRequest) -> None:
    """The address is not in it: nobody has confirmed it."""
    tutor = request.tutor
    if not settings.EMAIL_URL or not _is_counted(f"first-lesson-mails:{tutor.pk}"):
        return
    with translation.override(tutor.locale):
        when = format_span(tutor, request.starts_at, request.ends_at)
        values = {"name": request.get_full_name(), "when": when}
        subject = _("%(name)s asks for a first lesson: %(when)s") % values
        lines = [
            subject,
            _("Accept or decline it on its page. The time is not held."),
            f"{settings.PUBLIC_URL}/first-lessons/{request.pk}/",
        ]
        send(to=tutor.email, subject=subject, text="\n".join(lines), kind=Kind.LESSON)


def _is_within_limit(tutor: User, student: User) -> bool:
    return _is_counted(f"booking-mails:{tutor.pk}:{student.pk}")


def _is_counted(name: str) -> bool:
    """If the database fails, the mail is sent anyway."""
    if not settings.THROTTLING:
        return True
    try:
        return DailyLimit.use(name, MAX_PER_DAY, timezone.now())
    except DatabaseError:
        log.exception("could not count mails about bookings")
        return True
