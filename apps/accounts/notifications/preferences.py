"""Reads and writes of a person's notification settings, with the defaults of those without any."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import time

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import NotificationSettings, ReminderTime, User
from apps.accounts.models.notification_settings import DEFAULT_REMINDERS
from apps.common.errors import invalid


@dataclass(frozen=True)
class Preferences:
    email: bool = True
    reminders_minutes: Sequence[int] = DEFAULT_REMINDERS
    quiet_from: time | None = None
    quiet_to: time | None = None


def load_preferences(user_id: int) -> Preferences:
    return load_all_preferences([user_id])[user_id]


def load_all_preferences(user_ids: Collection[int]) -> dict[int, Preferences]:
    """The preferences of each person, by id, in two queries."""
    found = dict.fromkeys(user_ids, Preferences())
    rows = NotificationSettings.objects.filter(user__in=user_ids)
    for row in rows.prefetch_related("reminder_times"):
        minutes = sorted((each.minutes for each in row.reminder_times.all()), reverse=True)
        found[row.user_id] = Preferences(row.email, minutes, row.quiet_from, row.quiet_to)
    return found


def check_quiet_hours(preferences: Preferences) -> None:
    """Raises `validation_error` unless both ends are set and differ, or none is."""
    start, end = preferences.quiet_from, preferences.quiet_to
    if (start is None) != (end is None):
        missing = "quiet_from" if start is None else "quiet_to"
        raise invalid(**{missing: _("Quiet hours need both a start and an end.")})
    if start is not None and start == end:
        raise invalid(quiet_to=_("Quiet hours must end at another time than they begin."))


def save_preferences(user: User, preferences: Preferences) -> None:
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests at the same time
        owner, _created = NotificationSettings.objects.update_or_create(
            user=user,
            defaults={
                "email": preferences.email,
                "quiet_from": preferences.quiet_from,
                "quiet_to": preferences.quiet_to,
            },
        )
        owner.reminder_times.all().delete()
        ordered = sorted(set(preferences.reminders_minutes), reverse=True)
        ReminderTime.objects.bulk_create(
            ReminderTime(owner=owner, position=position, minutes=minutes)
            for position, minutes in enumerate(ordered)
        )


def turn_mail_off(user: User) -> None:
    """Stop reminders by mail and keep everything else, as the link of such a mail does."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        save_preferences(user, replace(load_preferences(user.pk), email=False))
