"""The words of reminders, in the language that is active."""

from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.accounts.notifications.push import PushMessage
from apps.common.dates import format_full_day
from apps.common.zones import clock_time
from apps.lessons.models import Reminder

_UNITS = ((7 * 24 * 60, "week"), (24 * 60, "day"), (60, "hour"), (1, "minute"))


def lead_label(minutes: int) -> str:
    """“2 days”, “1 hour 30 minutes”."""
    parts = []
    for size, unit in _UNITS:
        count, minutes = divmod(minutes, size)
        if count:
            parts.append(_count(count, unit))
    return " ".join(parts)


def _count(count: int, unit: str) -> str:
    text = {
        "week": ngettext("%(n)s week", "%(n)s weeks", count),
        "day": ngettext("%(n)s day", "%(n)s days", count),
        "hour": ngettext("%(n)s hour", "%(n)s hours", count),
        "minute": ngettext("%(n)s minute", "%(n)s minutes", count),
    }[unit]
    return text % {"n": count}


def format_start(reader: User, starts_at: datetime) -> str:
    """“Monday, 2 March, 15:00”: a date stays right when the message is delayed."""
    local = reader.to_local_time(starts_at)
    return f"{format_full_day(local.date(), local.date())}, {clock_time(local)}"


def push_message(reminder: Reminder, expires_at: datetime) -> PushMessage:
    """In the reader's language and time zone, without names: others can read a lock screen."""
    with translation.override(reminder.user.locale):
        when = format_start(reminder.user, reminder.starts_at)
        return PushMessage(
            title=_("Lesson: %(when)s") % {"when": when},
            body=reminder.lesson.title,
            url=f"/lessons/{reminder.lesson_id}/",
            tag=f"lesson-{reminder.lesson_id}",
            expires_at=expires_at,
        )


def telegram_text(reminder: Reminder) -> str:
    """As the push message; names stay on our own server."""
    message = push_message(reminder, reminder.starts_at)
    lines = [message.title, message.body, f"{settings.PUBLIC_URL}{message.url}"]
    return "\n".join(line for line in lines if line)
