"""Boards in the database: an append-only log of updates, folded into one snapshot per room."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from pycrdt import Doc, merge_updates

from apps.classroom.models import BoardSnapshot, BoardUpdate, BoardVersion, ClassroomSession
from apps.classroom.restoring import restoring_update

KEEP_VERSIONS = 240


def load(session_id: int) -> tuple["Doc[Any]", int]:
    """The board as stored, and how many log rows it still has."""
    doc, rows, _version = _read(session_id)
    return doc, len(rows)


def _read(session_id: int) -> tuple["Doc[Any]", list[int], int | None]:
    """The log is read after the snapshot: a row folded in between is then in neither, so the
    snapshot's version is looked at again."""
    while True:
        snapshot = BoardSnapshot.objects.filter(pk=session_id).first()
        log = list(BoardUpdate.objects.filter(session=session_id).values_list("id", "data"))
        version = snapshot.version if snapshot else None
        now = BoardSnapshot.objects.filter(pk=session_id).values_list("version", flat=True).first()
        if now == version:
            break
    doc: Doc[Any] = Doc()
    if snapshot is not None:
        doc.apply_update(bytes(snapshot.state))
    for _id, data in log:
        doc.apply_update(bytes(data))
    return doc, [row for row, _data in log], version


def append(batch: Mapping[int, Sequence[bytes]]) -> None:
    """A row per session, all in one transaction."""
    BoardUpdate.objects.bulk_create(
        [
            BoardUpdate(session_id=session, data=_merged(updates))
            for session, updates in batch.items()
        ]
    )


def _merged(updates: Sequence[bytes]) -> bytes:
    return updates[0] if len(updates) == 1 else merge_updates(*updates)


def existing(sessions: Sequence[int]) -> set[int]:
    found = ClassroomSession.objects.filter(pk__in=sessions).values_list("pk", flat=True)
    return set(found)


def compact(session_id: int, memory: bytes | None = None) -> bool:
    """Folds the log, and `memory` (the state a process holds), into the snapshot.

    Several processes may try: the snapshot's version decides, and who comes second changes
    nothing and answers False. Only rows that were read are deleted, by id: on PostgreSQL a row
    with a lower id may become visible later than one with a higher.
    """
    doc, rows, version = _read(session_id)
    if memory is not None:
        doc.apply_update(memory)
    state = doc.get_update()
    try:
        with transaction.atomic():
            if version is None:
                BoardSnapshot.objects.create(session_id=session_id, state=state)
            elif not BoardSnapshot.objects.filter(pk=session_id, version=version).update(
                state=state, version=version + 1
            ):
                return False
            for at in range(0, len(rows), 500):
                BoardUpdate.objects.filter(pk__in=rows[at : at + 500]).delete()
    except IntegrityError:  # another process made the first snapshot, or the room is gone
        return False
    return True


def keep_version(session_id: int, state: bytes, *, now: datetime, at_least: timedelta) -> bool:
    """Adds to the board's history unless that was done less than `at_least` ago."""
    due = Q(versioned_at=None) | Q(versioned_at__lte=now - at_least)
    with transaction.atomic():
        claimed = ClassroomSession.objects.filter(due, pk=session_id).update(versioned_at=now) == 1
        if claimed:
            BoardVersion.objects.create(session_id=session_id, state=state)
            versions = BoardVersion.objects.filter(session=session_id).order_by("-id")
            old = list(versions.values_list("id", flat=True)[KEEP_VERSIONS:])
            BoardVersion.objects.filter(pk__in=old).delete()
    return claimed


def restore(session_id: int, state: bytes) -> bytes:
    """Stores the update that makes the board look as `state` does, and answers with it."""
    doc, _rows = load(session_id)
    update = restoring_update(doc, state)
    BoardUpdate.objects.create(session_id=session_id, data=update)
    return update
