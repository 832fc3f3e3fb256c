"""Boards in the database: an append-only log of updates, folded into one snapshot per room."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Q
from pycrdt import Doc

from apps.classroom.models import BoardSnapshot, BoardUpdate, BoardVersion, ClassroomSession
from apps.classroom.reading import put_together
from apps.classroom.restoring import restoring_update

KEEP_VERSIONS = 240
_LIST = msgspec.msgpack.Decoder(list[bytes])


@dataclass(slots=True)
class Stored:
    """A board as stored: its snapshot and the log since, from which it is put together."""

    version: int | None = None
    updates: list[bytes] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


def load(sessions: Collection[int]) -> dict[int, Stored]:
    """The log is read after the snapshot: a row folded in between is then in neither, so the
    snapshots' versions are looked at again."""
    boards: dict[int, Stored] = {}
    while left := [session for session in sessions if session not in boards]:
        read = {session: Stored() for session in left}
        snapshots = BoardSnapshot.objects.filter(pk__in=left)
        for session, version, state in snapshots.values_list("pk", "version", "state"):
            read[session].version, read[session].updates = version, [bytes(state)]
        log = BoardUpdate.objects.filter(session__in=left)
        for session, row, data in log.values_list("session_id", "id", "data"):
            read[session].rows.append(row)
            read[session].updates += _read(bytes(data))
        now = dict(snapshots.values_list("pk", "version"))
        boards |= {pk: board for pk, board in read.items() if board.version == now.get(pk)}
    return boards


def _read(data: bytes) -> list[bytes]:
    """A row from before rows were lists is one update, which no list of MessagePack begins as."""
    try:
        return _LIST.decode(data)
    except msgspec.DecodeError:
        return [data]


def document(session_id: int) -> "Doc[Any]":
    return put_together(load([session_id])[session_id].updates)[0]


def append(batch: Mapping[int, Sequence[bytes]]) -> None:
    """A row per session, all in one transaction."""
    BoardUpdate.objects.bulk_create(
        [
            BoardUpdate(session_id=session, data=msgspec.msgpack.encode(updates))
            for session, updates in batch.items()
        ]
    )


def existing(sessions: Sequence[int]) -> set[int]:
    found = ClassroomSession.objects.filter(pk__in=sessions).values_list("pk", flat=True)
    return set(found)


def compact(session_id: int, memory: bytes | None = None) -> bool:
    """Folds the log, and `memory` (the state a process holds), into the snapshot.

    Several processes may try: the snapshot's version decides, and who comes second changes
    nothing and answers False. Only rows that were read are deleted, by id: on PostgreSQL a row
    with a lower id may become visible later than one with a higher.
    """
    stored = load([session_id])[session_id]
    rows, version = stored.rows, stored.version
    kept = [] if memory is None else [memory]
    state = put_together([*stored.updates, *kept])[0].get_update()
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
    update = restoring_update(document(session_id), state)
    append({session_id: [update]})
    return update
