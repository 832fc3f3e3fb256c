"""Mail to the tutor about what a student has booked, in the tutor's language and time zone."""

import logging

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.mail import Kind, send
from apps.common.models import DailyLimit
from apps.lessons.models import Lesson
from apps.lessons.notices import format_span

MAX_PER_DAY = 20  # mails about bookings of one student to one tutor
log = logging.getLogger("kreida.mail")


def notify_booked(lesson: Lesson, student: User) -> None:
    """A request, or a lesson that needs no confirmation."""
    tutor = lesson.tutor
    if not settings.EMAIL_URL or not _is_within_limit(tutor, student):
        return
    with translation.override(tutor.locale):
        sentence = (
            _("%(student)s asks for a lesson: %(when)s")
            if lesson.is_requested
            else _("%(student)s has booked a lesson: %(when)s")
        )
        when = format_span(tutor, lesson.starts_at, lesson.ends_at)
        subject = sentence % {"student": student.get_full_name(), "when": when}
        lines = [subject]
        if lesson.is_requested:
            lines.append(_("Confirm or decline it on its page. It lapses at its start."))
        lines.append(f"{settings.PUBLIC_URL}/lessons/{lesson.pk}/")
        send(to=tutor.email, subject=subject, text="\n".join(lines), kind=Kind.LESSON)


def _is_within_limit(tutor: User, student: User) -> bool:
    """If the database fails, the mail is sent anyway."""
    if not settings.THROTTLING:
        return True
    name = f"booking-mails:{tutor.pk}:{student.pk}"
    try:
        return DailyLimit.use(name, MAX_PER_DAY, timezone.now())
    except DatabaseError:
        log.exception("could not count mails about bookings")
        return True
