"""A board's history in the database: whole boards, compressed, thinned out with age."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from apps.classroom import blobs, compaction
from apps.classroom.models import BoardVersion, ClassroomSession
from apps.classroom.realtime.board.stored_updates import names_client_twice, remove_deep_values

MAX_VERSIONS = 240
# Up to each age, one version is kept per interval; all are kept in the first hour.
HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
INTERVALS = ((DAY, timedelta(minutes=10)), (MONTH, HOUR), (timedelta.max, DAY))


def save_version(
    session_id: int, updates: Sequence[bytes], *, now: datetime, at_least: timedelta
) -> bool:
    """Save a version unless one was saved less than `at_least` ago; return whether it was."""
    due = Q(versioned_at=None) | Q(versioned_at__lte=now - at_least)
    due |= Q(versioned_at__gt=now + HOUR)  # the clock has been set back
    if not ClassroomSession.objects.filter(due, pk=session_id).exists():
        return False  # before the board is compressed
    packed = blobs.encode_compressed(updates)
    with transaction.atomic():
        claimed = ClassroomSession.objects.filter(due, pk=session_id).update(versioned_at=now) == 1
        if claimed:
            BoardVersion.objects.create(session_id=session_id, state=b"", packed=packed)
            thin_out(session_id, now)
    return claimed


def version_updates(version: BoardVersion) -> list[bytes]:
    """Return the updates of a version's board. Raises blobs.NewerFormat."""
    if version.packed is None:  # saved before versions were compressed
        updates = [bytes(version.state)]
    else:
        updates = blobs.decode(bytes(version.packed))
    if compaction.is_large(updates):  # loaded in a subprocess, which cleans it if it crashes
        return updates
    return [remove_deep_values(update) for update in updates if not names_client_twice(update)]


def thin_out_all(now: datetime) -> None:
    """Thin out the history of every room; `save_version` only does so while somebody draws."""
    rooms = BoardVersion.objects.filter(created_at__lt=now - HOUR).order_by()
    for session_id in list(rooms.values_list("session", flat=True).distinct()):
        thin_out(session_id, now)


def thin_out(session_id: int, now: datetime) -> None:
    """Keep the last version of each interval and at most MAX_VERSIONS in all."""
    rows = BoardVersion.objects.filter(session=session_id).order_by("-created_at", "-id")
    spans: set[tuple[timedelta, float]] = set()
    kept, old = 0, list[int]()
    for pk, created_at in rows.values_list("id", "created_at"):
        age = now - created_at
        interval = next(interval for max_age, interval in INTERVALS if age < max_age)
        span = (interval, created_at.timestamp() // interval.total_seconds())
        if kept >= MAX_VERSIONS or (age >= HOUR and span in spans):
            old.append(pk)
        else:
            kept += 1
        spans.add(span)
    BoardVersion.objects.filter(pk__in=old).delete()
