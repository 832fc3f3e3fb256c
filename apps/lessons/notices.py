"""The mail that lessons send, to the student, in the student's language and time."""

from collections.abc import Callable

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from apps.common.mail import send
from apps.lessons.models import Lesson


def lesson_scheduled(lesson: Lesson) -> None:
    _tell_student(lesson, lambda: _("A lesson with %(tutor)s: %(when)s"))


def lesson_moved(lesson: Lesson) -> None:
    _tell_student(lesson, lambda: _("Your lesson with %(tutor)s has moved: %(when)s"))


def lesson_cancelled(lesson: Lesson) -> None:
    _tell_student(lesson, lambda: _("Your lesson with %(tutor)s was cancelled: %(when)s"))


def _tell_student(lesson: Lesson, sentence: Callable[[], str]) -> None:
    if not settings.EMAIL_URL:
        return
    student = lesson.student
    with translation.override(student.locale):
        when = f"{student.local(lesson.starts_at):%Y-%m-%d %H:%M} ({student.timezone})"
        subject = sentence() % {"tutor": lesson.tutor.get_full_name(), "when": when}
        url = f"{settings.PUBLIC_URL}/lessons/{lesson.pk}/"
        lines = [subject, lesson.title, lesson.cancel_reason, url]
        send(to=student.email, subject=subject, text="\n".join(line for line in lines if line))
