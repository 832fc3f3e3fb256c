"""Chooses the reminders that are due and stores them, one row per channel of a person.

Nothing is remembered between runs but the rows: after an outage the same query finds what is still
of use. The unique constraint `reminder_once` lets two workers run at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from apps.accounts.models import ReminderTime
from apps.accounts.models.notification_settings import DEFAULT_REMINDERS
from apps.common.db import insert_new_rows, select_rows
from apps.common.mail import DeferredMail, Kind, defer
from apps.common.zones import find_zone
from apps.lessons.models import Reminder
from apps.lessons.reminders.channels import Target, load_channels
from apps.lessons.reminders.people import STUDENTS_SQL
from apps.lessons.reminders.timing import SHORT, QuietHours, find_send_time, find_use_end

BATCH = 2000  # people and lessons of one transaction
MAX_LEADS = 100  # different times before a lesson in one statement
_COLUMNS = (
    *("user_id", "lesson_id", "minutes", "starts_at", "channel", "target", "status", "reason"),
    *("attempts", "claim", "try_at", "created_at", "finished_at"),
)
_QUEUED, _SENT = Reminder.Status.QUEUED.value, Reminder.Status.SENT.value
_EMAIL = Reminder.Channel.EMAIL.value
_DAY = timedelta(days=1)  # quiet hours move a reminder by less

# `person` are the tutor and the students of each lesson.
_CANDIDATES = """
WITH lead_time(minutes, since, until, first, last) AS (VALUES {values}),
slot AS (
    SELECT lesson.id, lesson.tutor_id, lesson.starts_at, lesson.updated_at, lead_time.minutes,
        (lesson.starts_at > lead_time.since AND lesson.starts_at <= lead_time.until) AS is_due
    FROM lead_time CROSS JOIN lessons_lesson AS lesson
    WHERE lesson.status = 'scheduled'
        AND lesson.starts_at > lead_time.first AND lesson.starts_at <= lead_time.last
),
person AS (
    SELECT slot.*, slot.tutor_id AS user_id FROM slot
    UNION ALL
    SELECT slot.*, student.student_id FROM slot
    JOIN ({students}) AS student ON student.lesson_id = slot.id
)
SELECT person.id, person.user_id, person.minutes, person.starts_at, person.updated_at,
    reader.timezone, setting.quiet_from, setting.quiet_to, setting.updated_at, setting.email
FROM person
JOIN accounts_user AS reader ON reader.id = person.user_id AND reader.is_active
LEFT JOIN accounts_notificationsettings AS setting ON setting.user_id = person.user_id
WHERE (person.is_due OR setting.quiet_from IS NOT NULL)
    AND CASE WHEN setting.user_id IS NULL THEN person.minutes IN ({defaults})
        ELSE EXISTS (
            SELECT 1 FROM accounts_remindertime AS chosen
            WHERE chosen.owner_id = person.user_id AND chosen.minutes = person.minutes) END
    AND NOT EXISTS (
        SELECT 1 FROM lessons_reminder AS known
        WHERE known.lesson_id = person.id AND known.user_id = person.user_id
            AND known.minutes = person.minutes AND known.starts_at = person.starts_at)
"""


class MailQueueFullError(Exception):
    """The reminders stay due and are stored when there is room."""


class Candidate(NamedTuple):
    """A person, a lesson and one of the person's times before it."""

    lesson_id: int
    user_id: int
    minutes: int
    starts_at: datetime
    changed_at: datetime
    timezone: str
    quiet: tuple[time, time] | None
    settings_changed_at: datetime | None
    wants_mail: bool

    @property
    def quiet_hours(self) -> QuietHours | None:
        return QuietHours(*self.quiet, find_zone(self.timezone)) if self.quiet else None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be sent now. One whose time had passed when the lesson or the
        settings changed is not: the person has just been told, or has just chosen that."""
        lead, quiet = timedelta(minutes=self.minutes), self.quiet_hours
        planned = find_send_time(self.starts_at, lead, quiet)
        if planned < max(self.changed_at, self.settings_changed_at or self.changed_at):
            return False
        if quiet is None:
            return planned <= now < find_use_end(self.starts_at, lead, quiet)
        return (
            find_send_time(self.starts_at, lead, quiet, now)
            <= now
            < find_use_end(self.starts_at, lead, quiet)
        )


def queue_due(now: datetime) -> int:
    """Store the reminders that are due; return how many rows are new or were stored meanwhile."""
    leads = sorted(
        {*DEFAULT_REMINDERS, *ReminderTime.objects.values_list("minutes", flat=True).distinct()}
    )
    stored = 0
    for first in range(0, len(leads), MAX_LEADS):
        candidates = _find_candidates(leads[first : first + MAX_LEADS], now)
        due = [each for each in candidates if each.is_due(now)]
        for start in range(0, len(due), BATCH):
            stored += _store(due[start : start + BATCH], now)
    return stored


def _find_candidates(leads: Iterable[int], now: datetime) -> Iterator[Candidate]:
    bounds = [value for minutes in leads for value in _bounds(minutes, now)]
    values = ", ".join(["(%s, %s, %s, %s, %s)"] * (len(bounds) // 5))
    defaults = ", ".join(map(str, DEFAULT_REMINDERS))
    statement = _CANDIDATES.format(values=values, defaults=defaults, students=STUDENTS_SQL)
    for row in select_rows(statement, *bounds):
        pk, user, minutes, starts_at, changed_at, zone, start, end, edited_at, mail = row
        yield Candidate(
            pk,
            user,
            minutes,
            _instant(starts_at),
            _instant(changed_at),
            zone,
            (_clock(start), _clock(end)) if start is not None else None,
            _instant(edited_at) if edited_at is not None else None,
            mail is None or bool(mail),
        )


def _bounds(minutes: int, now: datetime) -> tuple[int, datetime, datetime, datetime, datetime]:
    """The range of starts of lessons whose reminder is due, and the wider one with quiet hours."""
    lead = timedelta(minutes=minutes)
    since = now if lead <= SHORT else now + lead / 2
    return minutes, since, now + lead, max(now, since - _DAY), now + lead + _DAY


def _store(due: list[Candidate], now: datetime) -> int:
    channels = load_channels({each.user_id for each in due}, now)
    rows = [row for each in due for row in _rows(each, channels, now)]
    mails = [mail for each in due if (mail := _mail(each))]
    with transaction.atomic():
        insert_new_rows(Reminder, _COLUMNS, rows)
        if mails and defer(Kind.REMINDER, mails) < len(mails):
            raise MailQueueFullError
    return len(rows)


def _rows(
    due: Candidate, channels: Mapping[int, Sequence[Target]], now: datetime
) -> Iterator[tuple[Any, ...]]:
    """Values of _COLUMNS for each channel of the person."""
    which = (due.user_id, due.lesson_id, due.minutes, due.starts_at)
    for channel, target in channels.get(due.user_id, ()):
        yield (*which, channel, target, _QUEUED, "", 0, "", now, now, None)
    if _is_mailed(due):  # the mail queue takes over at once
        yield (*which, _EMAIL, 0, _SENT, "", 0, "", now, now, now)


def _is_mailed(due: Candidate) -> bool:
    return due.wants_mail and bool(settings.EMAIL_URL)


def _mail(due: Candidate) -> DeferredMail | None:
    if not _is_mailed(due):
        return None
    key = {"lesson": due.lesson_id, "user": due.user_id, "minutes": due.minutes}
    return DeferredMail(
        payload={**key, "starts_at": due.starts_at.isoformat()},
        dedupe_key=":".join(map(str, ("reminder", *key.values(), int(due.starts_at.timestamp())))),
        expires_at=find_use_end(due.starts_at, timedelta(minutes=due.minutes), due.quiet_hours),
    )


def _instant(value: datetime | str) -> datetime:
    """SQLite returns text where a column went through a UNION."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC)


def _clock(value: time | str) -> time:
    return time.fromisoformat(value) if isinstance(value, str) else value
