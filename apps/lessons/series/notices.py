"""Mail to the students about a series: one message a person and change."""

from collections.abc import Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.common.mail import send
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.notices import format_span
from apps.lessons.series.planning import Occurrence

MAX_LISTED = 10  # dates in one mail


def notify_scheduled(tutor: User, lessons: Sequence[Lesson], students: Sequence[User]) -> None:
    if not lessons:
        return
    for student in _readers(students):
        with translation.override(student.locale):
            subject = ngettext(
                "%(n)s lesson with %(tutor)s was scheduled",
                "%(n)s lessons with %(tutor)s were scheduled",
                len(lessons),
            ) % {"n": len(lessons), "tutor": tutor.get_full_name()}
            _send(student, subject, lessons[0].title, lessons)


def notify_moved(tutor: User, lessons: Sequence[Lesson], students: Sequence[User]) -> None:
    for student in _readers(students):
        with translation.override(student.locale):
            subject = ngettext(
                "%(n)s lesson with %(tutor)s has moved",
                "%(n)s lessons with %(tutor)s have moved",
                len(lessons),
            ) % {"n": len(lessons), "tutor": tutor.get_full_name()}
            _send(student, subject, _("The new times:"), lessons)


def notify_cancelled(
    tutor: User, lessons: Sequence[Lesson], students: Sequence[User], reason: str
) -> None:
    for student in _readers(students):
        with translation.override(student.locale):
            subject = ngettext(
                "%(n)s lesson with %(tutor)s was cancelled",
                "%(n)s lessons with %(tutor)s were cancelled",
                len(lessons),
            ) % {"n": len(lessons), "tutor": tutor.get_full_name()}
            _send(student, subject, reason, lessons)


def notify_removed(tutor: User, lessons: Sequence[Lesson], students: Sequence[User]) -> None:
    for student in _readers(students):
        with translation.override(student.locale):
            subject = ngettext(
                "You no longer have %(n)s lesson with %(tutor)s",
                "You no longer have %(n)s lessons with %(tutor)s",
                len(lessons),
            ) % {"n": len(lessons), "tutor": tutor.get_full_name()}
            _send(student, subject, "", lessons)


def notify_undone(tutor: User, lessons: Sequence[Lesson], students: Sequence[User]) -> None:
    for student in _readers(students):
        with translation.override(student.locale):
            subject = _("%(tutor)s has taken back the last change of your lessons") % {
                "tutor": tutor.get_full_name()
            }
            _send(student, subject, _("Your lessons are as they were before:"), lessons)


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
        send(to=tutor.email, subject=subject, text="\n".join(lines))


def _readers(students: Sequence[User]) -> list[User]:
    """A placeholder gets no mail."""
    if not settings.EMAIL_URL:
        return []
    return [student for student in students if not student.is_placeholder]


def _send(student: User, subject: str, title: str, lessons: Sequence[Lesson]) -> None:
    lines = [subject, title, ""] if title else [subject, ""]
    lines += [format_span(student, one.starts_at, one.ends_at) for one in lessons[:MAX_LISTED]]
    url = f"{settings.PUBLIC_URL}/calendar/"
    if len(lessons) > MAX_LISTED:
        lines.append(_("All others are in your calendar: %(url)s") % {"url": url})
    else:
        lines.append(url)
    send(to=student.email, subject=subject, text="\n".join(lines))
