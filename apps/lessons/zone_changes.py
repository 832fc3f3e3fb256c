"""Detects upcoming lessons whose local time changed because the tz database was updated.

A lesson is stored in UTC, so new rules of a time zone change its local time. The offsets in force
are recorded (`ZoneRules`); when they differ after an update, the lessons of series move to keep
their wall-clock time (apps/lessons/series/zone_rules.py). About other lessons the tutors are
mailed, because only they know whether the instant or the local time was agreed on.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone as clock
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.common.dates import format_full_day
from apps.common.mail import Kind, send
from apps.common.zones import find_zone, zone_label
from apps.lessons.models import Lesson, ZoneRules
from apps.lessons.models.zone_rules import list_offsets
from apps.lessons.series.zone_rules import follow_new_rules

MAX_LISTED = 50  # lessons in one mail
RENEW_AFTER = timedelta(days=30)  # well before the horizon of a record is reached
log = logging.getLogger("kreida.zones")


@dataclass(frozen=True, slots=True)
class LocalTimeChange:
    """A lesson whose local time for one person is no longer the one it was planned for."""

    lesson: Lesson
    person: User
    before: datetime
    now: datetime

    def describe(self) -> str:
        """E.g. “Олена Коваль: Thursday, 1 July, 15:00 → 14:00 (Kyiv)”."""
        today = self.person.to_local_time(clock.now()).date()
        old = f"{format_full_day(self.before.date(), today)}, {self.before:%H:%M}"
        new = f"{self.now:%H:%M}"
        if self.before.date() != self.now.date():
            new = f"{format_full_day(self.now.date(), today)}, {new}"
        zone = zone_label(self.person.timezone)
        return f"{self.person.get_full_name()}: {old} → {new} ({zone})"


def check_zones(now: datetime) -> int:
    """Mail the tutors whose lessons changed their local time; return the number of lessons."""
    ZoneInfo.clear_cache()  # the tz database may have been updated since they were read
    current = {zone: list_offsets(find_zone(zone), now) for zone in _zones_in_use(now)}
    recorded = ZoneRules.objects.in_bulk()
    outdated = {
        zone: recorded[zone]
        for zone, offsets in current.items()
        if zone in recorded and recorded[zone].differs_from(offsets, now)
    }
    changes = _find_changes(outdated, now) if outdated else []
    with transaction.atomic():
        claimed = {
            row.zone
            for row in outdated.values()
            if _replace_if_unchanged(row, current[row.zone], now)
        }
        moved = follow_new_rules({zone: outdated[zone] for zone in claimed}, now)
        notified = [
            change
            for change in changes
            if change.person.timezone in claimed and change.lesson.pk not in moved
        ]
        _notify_tutors(notified)
    _sync_records(current, recorded, now)
    return len({change.lesson.pk for change in notified})


def _zones_in_use(now: datetime) -> set[str]:
    lessons = Lesson.objects.not_cancelled().filter(starts_at__gt=now).order_by()
    return {
        zone
        for owner in ("tutor", "participants__student", "series")
        for zone in lessons.values_list(f"{owner}__timezone", flat=True).distinct()
        if zone is not None
    }


def _find_changes(outdated: dict[str, ZoneRules], now: datetime) -> list[LocalTimeChange]:
    zones = list(outdated)
    uses_zone = Q(tutor__timezone__in=zones) | Q(participants__student__timezone__in=zones)
    lessons = (
        Lesson.objects.not_cancelled()
        .filter(starts_at__gt=now)
        .filter(pk__in=Lesson.objects.filter(uses_zone).values("pk"))
    )
    changes = []
    lessons = lessons.in_order().select_related("tutor").prefetch_related("participants__student")
    for lesson in lessons.iterator(chunk_size=500):
        for person in (lesson.tutor, *_attending(lesson)):
            rules = outdated.get(person.timezone)
            planned = rules.offset_at(lesson.starts_at) if rules is not None else None
            local = person.to_local_time(lesson.starts_at)
            if planned is not None and planned != local.utcoffset():
                before = lesson.starts_at.astimezone(timezone(planned))
                changes.append(LocalTimeChange(lesson, person, before, local))
    return changes


def _attending(lesson: Lesson) -> list[User]:
    return [one.student for one in lesson.participants.all() if not one.is_cancelled]


def _replace_if_unchanged(row: ZoneRules, offsets: list[list[int]], now: datetime) -> bool:
    """False if another process replaced the record since `row` was read, and so sends the mail."""
    same = ZoneRules.objects.filter(pk=row.pk, recorded_at=row.recorded_at)
    return same.update(offsets=offsets, recorded_at=now) == 1


def _sync_records(
    current: dict[str, list[list[int]]], recorded: dict[str, ZoneRules], now: datetime
) -> None:
    """Add new zones, delete those no longer in use, and move the horizon of old records."""
    ZoneRules.objects.bulk_create(
        [
            ZoneRules(zone=zone, offsets=offsets, recorded_at=now)
            for zone, offsets in current.items()
            if zone not in recorded
        ],
        ignore_conflicts=True,
    )
    for zone, row in recorded.items():
        if zone not in current:
            row.delete()
        elif row.recorded_at < now - RENEW_AFTER:
            _replace_if_unchanged(row, current[zone], now)


def _notify_tutors(changes: list[LocalTimeChange]) -> None:
    by_tutor: defaultdict[int, list[LocalTimeChange]] = defaultdict(list)
    for change in changes:
        by_tutor[change.lesson.tutor_id].append(change)
    for tutor_id, tutor_changes in by_tutor.items():
        lessons = {change.lesson.pk for change in tutor_changes}
        log.warning(
            "time zone rules changed the local time of lessons",
            extra={
                "data": {
                    "tutor": tutor_id,
                    "lessons": len(lessons),
                    "zones": sorted({change.person.timezone for change in tutor_changes}),
                }
            },
        )
        _send_mail(tutor_changes[0].lesson.tutor, tutor_changes, len(lessons))


def _send_mail(tutor: User, changes: list[LocalTimeChange], lessons: int) -> None:
    with translation.override(tutor.locale):
        subject = ngettext(
            "A time zone has new rules: %(n)s lesson is at another local time",
            "A time zone has new rules: %(n)s lessons are at another local time",
            lessons,
        ) % {"n": lessons}
        lines = [
            _(
                "The rules of a time zone have changed since these lessons were planned. The"
                " lessons have not moved, but clocks will show another time then. If you agreed"
                " on the time on the clock, move the lesson."
            ),
            "",
        ]
        for change in changes[:MAX_LISTED]:
            lines += [change.describe(), f"{settings.PUBLIC_URL}/lessons/{change.lesson.pk}/"]
        if len(changes) > MAX_LISTED:
            lines.append(
                _("All others are in your calendar: %(url)s") % {"url": settings.PUBLIC_URL}
            )
        text = "\n".join(lines)
        send(to=tutor.email, subject=subject, text=text, kind=Kind.TIME_ZONE)
