"""Figures of the whole installation; a fixed number of queries, none of which loads many rows."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncWeek
from django.utils.translation import gettext_noop

from apps.accounts.models import User
from apps.classroom.models import Attendance, BoardFile
from apps.classrooms.models import Classroom
from apps.common import mail_history
from apps.common.backup_files import last_backup
from apps.common.disk import database_bytes
from apps.common.health import PROBE_ROW
from apps.common.models import ErrorCount, MailMessage, PeriodicJob, Removal
from apps.common.supervisor import failing_tasks
from apps.lessons.models import Lesson

WEEKS = 8  # of sign-ups, with the current one
WEEK = timedelta(weeks=1)
# Of config/jobs.py; here to be translated.
JOB_NAMES = (
    gettext_noop("expired sessions"),
    gettext_noop("orphaned files"),
    gettext_noop("abandoned uploads"),
    gettext_noop("daily limits"),
    gettext_noop("error counts"),
    gettext_noop("erasures"),
    gettext_noop("retention"),
    gettext_noop("board versions"),
    gettext_noop("abandoned attendance"),
    gettext_noop("time zones"),
    gettext_noop("mail leftovers"),
    gettext_noop("mail"),
    gettext_noop("reminders"),
    gettext_noop("old reminders"),
    gettext_noop("push subscriptions"),
    gettext_noop("board authors"),
    gettext_noop("lesson series"),
    gettext_noop("lesson changes"),
    gettext_noop("local times"),
    gettext_noop("bank statements"),
    gettext_noop("packs that end"),
    gettext_noop("charges"),
    gettext_noop("pack expiry"),
    gettext_noop("lesson requests"),
    gettext_noop("external calendars"),
    gettext_noop("held slots"),
    gettext_noop("first lessons"),
)


@dataclass(frozen=True)
class Overview:
    people: dict[str, int]
    classrooms: int
    lessons: dict[str, int]
    open_rooms: int
    disk: dict[str, int]  # bytes
    sign_ups: list[tuple[date, int]]  # by the Monday of the week, the latest first
    mail: dict[str, int] | None  # None where no mail is sent
    jobs: list[PeriodicJob]
    failing_tasks: list[str]
    errors: int  # logged in the last 24 hours
    last_backup: datetime | None
    removed: list[tuple[str, int]]  # by age, in the last 30 days


def load_overview(now: datetime) -> Overview:
    """`now` is in the reader's time zone, which decides where days and weeks begin."""
    return Overview(
        people=_count_people(),
        classrooms=Classroom.objects.filter(archived_at=None).count(),
        lessons=_count_lessons(now),
        open_rooms=Attendance.objects.present(now).order_by().values("session").distinct().count(),
        disk=_measure_disk(),
        sign_ups=list(_count_sign_ups(now)),
        mail=_count_mail(now) if settings.EMAIL_URL else None,
        jobs=list(PeriodicJob.objects.exclude(name=PROBE_ROW).order_by("name")[:50]),
        failing_tasks=failing_tasks(),
        errors=ErrorCount.in_last_day(now),
        last_backup=last_backup(Path(settings.BACKUP_DIR)),
        removed=Removal.since(now - timedelta(days=30)),
    )


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(), now.tzinfo)


def _monday(now: datetime) -> date:
    return now.date() - timedelta(days=now.weekday())


def _count_people() -> dict[str, int]:
    """Count the accounts of each kind, and students without one."""
    has_account = Q(placeholder_of=None)
    return User.objects.aggregate(
        tutors=Count("pk", filter=has_account & Q(role=User.Role.TUTOR)),
        students=Count("pk", filter=has_account & Q(role=User.Role.STUDENT)),
        without_account=Count("pk", filter=~has_account),
    )


def _count_lessons(now: datetime) -> dict[str, int]:
    monday, today = _monday(now), now.date()
    in_week = Lesson.objects.not_cancelled().filter(
        starts_at__gte=_midnight(monday, now), starts_at__lt=_midnight(monday + WEEK, now)
    )
    is_today = Q(
        starts_at__gte=_midnight(today, now),
        starts_at__lt=_midnight(today + timedelta(days=1), now),
    )
    return in_week.aggregate(today=Count("pk", filter=is_today), this_week=Count("pk"))


def _measure_disk() -> dict[str, int]:
    pictures = BoardFile.objects.aggregate(size=Sum("size"))["size"] or 0
    free = shutil.disk_usage(settings.DATA_DIR).free
    return {"database": database_bytes(), "pictures": pictures, "free": free}


def _count_sign_ups(now: datetime) -> Iterator[tuple[date, int]]:
    mondays = [_monday(now) - WEEK * back for back in range(WEEKS)]
    rows = (
        User.objects.filter(placeholder_of=None, date_joined__gte=_midnight(mondays[-1], now))
        .annotate(week=TruncWeek("date_joined", tzinfo=now.tzinfo))
        .order_by()
        .values_list("week")
        .annotate(n=Count("pk"))
    )
    counted = {week.date(): n for week, n in rows}
    for monday in mondays:
        yield monday, counted.get(monday, 0)


def _count_mail(now: datetime) -> dict[str, Any]:
    waiting = MailMessage.objects.filter(state=MailMessage.State.WAITING).exclude(recipient="")
    queued = waiting.aggregate(waiting=Count("pk"), failed=Count("pk", filter=~Q(reason="")))
    return {**queued, "given_up": mail_history.count_not_sent(now)}
