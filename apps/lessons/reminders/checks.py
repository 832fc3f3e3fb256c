"""Whether a queued reminder is still right at the moment at which it is sent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.accounts.models import User
from apps.accounts.notifications.preferences import Preferences, load_all_preferences
from apps.common.zones import find_zone
from apps.lessons.models import Lesson, Reminder
from apps.lessons.reminders.people import load_people
from apps.lessons.reminders.timing import QuietHours, find_send_time, find_use_end

Reason = Reminder.Reason


@dataclass(frozen=True)
class Context:
    """The present state that reminders are checked against."""

    people: dict[int, set[int]]  # by lesson
    preferences: dict[int, Preferences]  # by person

    def find_reason_to_drop(self, reminder: Reminder, now: datetime) -> str:
        """Empty if it is to be sent."""
        lesson = reminder.lesson
        checks = (
            (lesson.status != Lesson.Status.SCHEDULED, Reason.CANCELLED),
            (lesson.starts_at != reminder.starts_at, Reason.MOVED),
            (reminder.user_id not in self.people[lesson.pk], Reason.LEFT),
            (not reminder.user.is_active, Reason.INACTIVE),
            (not self._is_wanted(reminder), Reason.SETTINGS),
            (now >= self.use_end(reminder), Reason.LATE),
        )
        return next((str(reason) for is_so, reason in checks if is_so), "")

    def use_end(self, reminder: Reminder) -> datetime:
        return find_use_end(reminder.starts_at, _lead(reminder), self._quiet_hours(reminder))

    def send_time(self, reminder: Reminder, now: datetime) -> datetime:
        quiet = self._quiet_hours(reminder)
        return find_send_time(reminder.starts_at, _lead(reminder), quiet, now)

    def _is_wanted(self, reminder: Reminder) -> bool:
        wanted = self.preferences[reminder.user_id]
        is_by_mail = reminder.channel == Reminder.Channel.EMAIL
        return reminder.minutes in wanted.reminders_minutes and (wanted.email or not is_by_mail)

    def _quiet_hours(self, reminder: Reminder) -> QuietHours | None:
        return quiet_hours(self.preferences[reminder.user_id], reminder.user)


def load_context(reminders: Collection[Reminder]) -> Context:
    return Context(
        load_people({each.lesson_id for each in reminders}),
        load_all_preferences({each.user_id for each in reminders}),
    )


def quiet_hours(preferences: Preferences, user: User) -> QuietHours | None:
    start, end = preferences.quiet_from, preferences.quiet_to
    if start is None or end is None:
        return None
    return QuietHours(start, end, find_zone(user.timezone))


def _lead(reminder: Reminder) -> timedelta:
    return timedelta(minutes=reminder.minutes)
