"""New rules of time zones: a lesson is a moment, so new rules move it on the clocks of its people.

The rules are written down while they hold. When the tz database brings others, the tutors of
lessons that are at another local time now are told: only they know which of the two is meant.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.common.mail import send
from apps.common.zones import find_zone
from apps.lessons.models import Lesson, ZoneRules
from apps.lessons.models.zone_rules import offsets_of

MOST_NAMED = 50  # lessons in one mail
RENEW_AFTER = timedelta(days=30)  # keeps the horizon far enough away
log = logging.getLogger("kreida.zones")


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's clock that shows another time for one lesson than when it was planned."""

    lesson: Lesson
    person: User
    before: datetime
    now: datetime

    def line(self) -> str:
        """“Олена Коваль: 2027-07-01 15:00 → 14:00 (Europe/Kyiv)”."""
        same_day = self.before.date() == self.now.date()
        new = f"{self.now:%H:%M}" if same_day else f"{self.now:%Y-%m-%d %H:%M}"
        name = self.person.get_full_name()
        return f"{name}: {self.before:%Y-%m-%d %H:%M} → {new} ({self.person.timezone})"


def check_zones(now: datetime) -> int:
    """The lessons that have moved on somebody's clock since the last time; tells their tutors."""
    ZoneInfo.clear_cache()  # the files may be new
    current = {zone: offsets_of(find_zone(zone), now) for zone in _zones_in_use(now)}
    recorded = ZoneRules.objects.in_bulk()
    changed = {
        zone: recorded[zone]
        for zone, offsets in current.items()
        if zone in recorded and recorded[zone].differ_from(offsets, now)
    }
    shifts = _shifts(changed, now) if changed else []
    with transaction.atomic():
        claimed = {row.zone for row in changed.values() if _renew(row, current[row.zone], now)}
        told = [shift for shift in shifts if shift.person.timezone in claimed]
        _tell(told)
    _keep_records(current, recorded, now)
    return len({shift.lesson.pk for shift in told})


def _zones_in_use(now: datetime) -> set[str]:
    lessons = Lesson.objects.live().filter(starts_at__gt=now).order_by()
    return {
        zone
        for person in ("tutor", "student")
        for zone in lessons.values_list(f"{person}__timezone", flat=True).distinct()
    }


def _shifts(changed: dict[str, ZoneRules], now: datetime) -> list[Shift]:
    zones = list(changed)
    theirs = Q(tutor__timezone__in=zones) | Q(student__timezone__in=zones)
    lessons = Lesson.objects.live().filter(theirs, starts_at__gt=now).in_order()
    found = []
    for lesson in lessons.select_related("tutor", "student").iterator():
        for person in (lesson.tutor, lesson.student):
            rules = changed.get(person.timezone)
            planned = rules.offset_at(lesson.starts_at) if rules is not None else None
            local = person.local(lesson.starts_at)
            if planned is not None and planned != local.utcoffset():
                before = lesson.starts_at.astimezone(timezone(planned))
                found.append(Shift(lesson, person, before, local))
    return found


def _renew(row: ZoneRules, offsets: list[list[int]], now: datetime) -> bool:
    """Whether nobody else has done it since `row` was read: who does it tells of it."""
    same = ZoneRules.objects.filter(pk=row.pk, recorded_at=row.recorded_at)
    return same.update(offsets=offsets, recorded_at=now) == 1


def _keep_records(
    current: dict[str, list[list[int]]], recorded: dict[str, ZoneRules], now: datetime
) -> None:
    """New zones are added, those of nobody deleted, and old records get a new horizon."""
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
            _renew(row, current[zone], now)


def _tell(shifts: list[Shift]) -> None:
    by_tutor: defaultdict[int, list[Shift]] = defaultdict(list)
    for shift in shifts:
        by_tutor[shift.lesson.tutor_id].append(shift)
    for tutor_id, theirs in by_tutor.items():
        lessons = {shift.lesson.pk for shift in theirs}
        log.warning(
            "new rules of a time zone move lessons",
            extra={
                "data": {
                    "tutor": tutor_id,
                    "lessons": len(lessons),
                    "zones": sorted({shift.person.timezone for shift in theirs}),
                }
            },
        )
        _mail(theirs[0].lesson.tutor, theirs, len(lessons))


def _mail(tutor: User, shifts: list[Shift], lessons: int) -> None:
    with translation.override(tutor.locale):
        subject = ngettext(
            "A time zone has new rules: %(n)s lesson is at another local time",
            "A time zone has new rules: %(n)s lessons are at another local time",
            lessons,
        ) % {"n": lessons}
        lines = [
            _(
                "Since these lessons were planned, the rules of a time zone have changed. The"
                " lessons have not moved, but clocks will show another time then. Where the time"
                " on the clock is what you agreed on, please move the lesson."
            ),
            "",
        ]
        for shift in shifts[:MOST_NAMED]:
            lines += [shift.line(), f"{settings.PUBLIC_URL}/lessons/{shift.lesson.pk}/"]
        if len(shifts) > MOST_NAMED:
            lines.append(
                _("All others are in your calendar: %(url)s") % {"url": settings.PUBLIC_URL}
            )
        send(to=tutor.email, subject=subject, text="\n".join(lines))
