"""A board's history in the database: whole boards, compressed, thinned out as they grow old."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from apps.classroom import blobs
from apps.classroom.models import BoardVersion, ClassroomSession

KEPT = 240
# Up to which age one is kept of how long a time. Younger than the first are kept all.
HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
STEPS = ((DAY, timedelta(minutes=10)), (MONTH, HOUR), (timedelta.max, DAY))


def save_version(
    session_id: int, updates: Sequence[bytes], *, now: datetime, at_least: timedelta
) -> bool:
    """Adds to the board's history unless that was done less than `at_least` ago."""
    due = Q(versioned_at=None) | Q(versioned_at__lte=now - at_least)
    packed = blobs.compressed(updates)
    with transaction.atomic():
        claimed = ClassroomSession.objects.filter(due, pk=session_id).update(versioned_at=now) == 1
        if claimed:
            BoardVersion.objects.create(session_id=session_id, state=b"", packed=packed)
            thin_out(session_id, now)
    return claimed


def version_updates(version: BoardVersion) -> list[bytes]:
    """The updates that make the board it was. Raises blobs.NewerFormat."""
    if version.packed is None:  # from before versions were compressed
        return [bytes(version.state)]
    return blobs.read(bytes(version.packed))


def thin_out_all(now: datetime) -> None:
    """Of rooms that nobody draws in any more, which `save_version` does not come to."""
    rooms = BoardVersion.objects.filter(created_at__lt=now - HOUR).order_by()
    for session_id in list(rooms.values_list("session", flat=True).distinct()):
        thin_out(session_id, now)


def thin_out(session_id: int, now: datetime) -> None:
    """Of each span of time the last one stays."""
    rows = BoardVersion.objects.filter(session=session_id).order_by("-created_at", "-id")
    spans: set[tuple[timedelta, float]] = set()
    kept, old = 0, list[int]()
    for pk, at in rows.values_list("id", "created_at"):
        step = next(step for age, step in STEPS if now - at < age)
        span = (step, at.timestamp() // step.total_seconds())
        if kept >= KEPT or (now - at >= HOUR and span in spans):
            old.append(pk)
        else:
            kept += 1
        spans.add(span)
    BoardVersion.objects.filter(pk__in=old).delete()
