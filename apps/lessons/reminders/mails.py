"""Reminders by mail; the mail queue calls `compose_reminder` when it sends one."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.notifications.unsubscribing import make_unsubscribe_url
from apps.common.mail import compose
from apps.common.mail_queue import QueuedEmail
from apps.lessons.models import Reminder
from apps.lessons.notices import format_span
from apps.lessons.reminders.checks import load_context
from apps.lessons.reminders.texts import format_start

MAX_NAMES = 3  # of students, in a subject


def compose_reminder(payload: dict[str, Any]) -> QueuedEmail | None:
    """None if the reminder is no longer right, as when the lesson has moved."""
    found = Reminder.objects.filter(
        lesson=payload["lesson"],
        user=payload["user"],
        minutes=payload["minutes"],
        starts_at=datetime.fromisoformat(payload["starts_at"]),
        channel=Reminder.Channel.EMAIL,
    )
    reminder = found.select_related("lesson__tutor", "user").first()
    if reminder is None:
        return None
    now = timezone.now()
    if reason := load_context([reminder]).find_reason_to_drop(reminder, now):
        found.update(status=Reminder.Status.DROPPED, reason=reason, finished_at=now)
        return None
    with translation.override(reminder.user.locale):
        return _compose(reminder)


def _compose(reminder: Reminder) -> QueuedEmail:
    reader, lesson = reminder.user, reminder.lesson
    unsubscribe = make_unsubscribe_url(reader)
    values = {
        "when": format_start(reader, lesson.starts_at),
        "span": format_span(reader, lesson.starts_at, lesson.ends_at),
        "person": _name_other_people(reminder),
        "settings": f"{settings.PUBLIC_URL}/settings/notifications/",
        "unsubscribe": unsubscribe,
    }
    lines = [
        _("Lesson with %(person)s: %(span)s") % values,
        *([lesson.title] if lesson.title else []),
        f"{settings.PUBLIC_URL}/lessons/{lesson.pk}/",
        "",
        _("When you are reminded: %(settings)s") % values,
        _("No more reminders by e-mail: %(unsubscribe)s") % values,
    ]
    return compose(
        to=str(reader.email),
        subject=_("Reminder: lesson with %(person)s, %(when)s") % values,
        text="\n".join(lines),
        headers={
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
            "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday replies
        },
    )


def _name_other_people(reminder: Reminder) -> str:
    """The tutor, or the students; other students are nobody's business."""
    lesson = reminder.lesson
    if reminder.user_id != lesson.tutor_id:
        return lesson.tutor.get_full_name()
    attending = lesson.participants.attending().select_related("student")
    names = [each.student.get_full_name() for each in attending]
    if len(names) <= MAX_NAMES:
        return ", ".join(names)
    more = len(names) - MAX_NAMES + 1
    shown = ", ".join(names[: MAX_NAMES - 1])
    return ngettext("%(names)s and %(n)s more", "%(names)s and %(n)s more", more) % {
        "names": shown,
        "n": more,
    }
