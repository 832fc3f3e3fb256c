"""What is measured when Prometheus asks, besides what was counted (apps/common/telemetry.py)."""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Min, Sum

from apps.accounts.models import User
from apps.classroom.models import Attendance, BoardFile
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.common.backup_files import last_backup
from apps.common.disk import database_bytes
from apps.common.mail_history import count_not_sent
from apps.common.models import MailMessage, PeriodicJob
from apps.common.worker import Worker


@dataclass(frozen=True)
class Sockets:
    """Of this process."""

    rooms: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    queued_bytes: int = 0  # that sockets have not taken yet
    unsaved_seconds: float = 0.0  # age of the oldest stroke that is not stored


def read_sockets() -> Sockets:
    registry = RoomRegistry.current
    if registry is None:
        return Sockets(by_kind={"events": 0, "board": 0})
    rooms = list(registry.rooms.values())
    return Sockets(
        rooms=len(rooms),
        by_kind={
            "events": sum(len(room.events) for room in rooms),
            "board": sum(len(room.board.sockets) for room in rooms),
        },
        queued_bytes=sum(socket.queued_bytes for room in rooms for socket in room.sockets()),
        unsaved_seconds=registry.writer.unsaved_age.total_seconds(),
    )


@dataclass(frozen=True)
class Stored:
    """Of the installation, the same from every process."""

    people: dict[str, int]
    open_rooms: int
    mail_waiting: int
    mail_oldest_seconds: float
    mail_not_sent: int
    worker_lag_seconds: float
    failing_jobs: list[str]
    file_bytes: int
    database_bytes: int
    connections: dict[str, int]  # of PostgreSQL, by state
    max_connections: int


def read_stored(now: datetime) -> Stored:
    jobs = [job for job in PeriodicJob.objects.all() if job.name in _known_jobs()]
    waiting = MailMessage.objects.filter(state=MailMessage.State.WAITING).exclude(recipient="")
    oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
    states, most = _read_connections()
    return Stored(
        people=dict(
            Counter(User.objects.filter(placeholder_of=None).values_list("role", flat=True))
        ),
        open_rooms=Attendance.objects.present(now).order_by().values("session").distinct().count(),
        mail_waiting=waiting.count(),
        mail_oldest_seconds=_seconds(now - oldest) if oldest else 0.0,
        mail_not_sent=count_not_sent(now),
        worker_lag_seconds=max((_seconds(now - job.due_at) for job in jobs), default=0.0),
        failing_jobs=sorted(job.name for job in jobs if job.has_failed),
        file_bytes=BoardFile.objects.aggregate(size=Sum("size"))["size"] or 0,
        database_bytes=database_bytes(),
        connections=states,
        max_connections=most,
    )


def _known_jobs() -> set[str]:
    """Rows stay of jobs that a setting has ended, such as mail without EMAIL_URL."""
    return {job.name for job in Worker.current.jobs} if Worker.current is not None else set()


def _seconds(span: timedelta) -> float:
    return max(0.0, span.total_seconds())


def _read_connections() -> tuple[dict[str, int], int]:
    if connection.vendor != "postgresql":
        return {}, 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() GROUP BY 1"
        )
        states = {str(state): int(number) for state, number in cursor.fetchall()}
        cursor.execute("SELECT current_setting('max_connections')::int")
        return states, int(cursor.fetchone()[0])


def free_bytes() -> int:
    return shutil.disk_usage(settings.DATA_DIR).free


def backup_age_seconds(now: datetime) -> float | None:
    made_at = last_backup(Path(settings.BACKUP_DIR))
    return None if made_at is None else _seconds(now - made_at)
