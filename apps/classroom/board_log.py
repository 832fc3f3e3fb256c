"""Boards in the database: an append-only log of updates, folded into one snapshot per room."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from pycrdt import Doc

from apps.classroom import blobs, compaction
from apps.classroom.merging import build_document
from apps.classroom.models import BoardQuarantine, BoardSnapshot, BoardUpdate, ClassroomSession


@dataclass(slots=True)
class StoredBoard:
    """A board as stored: its snapshot and the log since, from which it is put together."""

    version: int | None = None
    updates: list[bytes] = field(default_factory=list)
    sources: list[int | None] = field(default_factory=list)  # each one's row; None: the snapshot
    rows: list[int] = field(default_factory=list)
    is_newer: bool = False  # a later release wrote some of it, and this one does not touch it

    def add(self, data: bytes, row: int | None) -> None:
        try:
            updates = blobs.read(data)
        except blobs.NewerFormat:
            self.is_newer = True
            return
        self.updates += updates
        self.sources += [row] * len(updates)


def load(sessions: Collection[int]) -> dict[int, StoredBoard]:
    """The log is read after the snapshot: a row folded in between is then in neither, so the
    snapshots' versions are looked at again."""
    boards: dict[int, StoredBoard] = {}
    while left := [session for session in sessions if session not in boards]:
        read = {session: StoredBoard() for session in left}
        snapshots = BoardSnapshot.objects.filter(pk__in=left)
        for session, version, state in snapshots.values_list("pk", "version", "state"):
            read[session].version = version
            read[session].add(bytes(state), None)
        log = BoardUpdate.objects.filter(session__in=left)
        for session, row, data in log.values_list("session_id", "id", "data"):
            read[session].rows.append(row)
            read[session].add(bytes(data), row)
        now = dict(snapshots.values_list("pk", "version"))
        boards |= {pk: board for pk, board in read.items() if board.version == now.get(pk)}
    return boards


def document(session_id: int) -> "Doc[Any]":
    return build_document(load([session_id])[session_id].updates)[0]


def append(batch: Mapping[int, Sequence[bytes]]) -> None:
    """A row per session, all in one transaction."""
    BoardUpdate.objects.bulk_create(
        [
            BoardUpdate(session_id=session, data=blobs.plain(updates))
            for session, updates in batch.items()
        ]
    )


def existing(sessions: Sequence[int]) -> set[int]:
    found = ClassroomSession.objects.filter(pk__in=sessions).values_list("pk", flat=True)
    return set(found)


def compact(
    session_id: int, memory: Sequence[bytes] = (), *, outline: bool = False
) -> compaction.CompactedBoard | None:
    """Folds the log, and `memory` (the updates of which a process holds the board), into the
    snapshot, and answers with it.

    Several processes may try: the snapshot's version decides, and who comes second changes
    nothing and answers None. Only rows that were read are deleted, by id: on PostgreSQL a row
    with a lower id may become visible later than one with a higher. What cannot be read is moved
    to the quarantine. Raises blobs.NewerFormat and compaction.WorkFailed, having changed nothing.
    """
    stored = load([session_id])[session_id]
    if stored.is_newer:
        raise blobs.NewerFormat
    if memory and memory[0] in stored.updates:  # the whole board, as a rule
        memory = memory[1:]
    compacted = compaction.compact_in_subprocess([*stored.updates, *memory], outline=outline)
    rows = stored.rows
    try:
        with transaction.atomic():
            _quarantine(session_id, stored, compacted)
            if stored.version is None:
                BoardSnapshot.objects.create(session_id=session_id, state=compacted.state)
            elif not BoardSnapshot.objects.filter(pk=session_id, version=stored.version).update(
                state=compacted.state, version=stored.version + 1
            ):
                transaction.set_rollback(True)
                return None
            for at in range(0, len(rows), 500):
                BoardUpdate.objects.filter(pk__in=rows[at : at + 500]).delete()
    except IntegrityError:  # another process made the first snapshot, or the room is gone
        return None
    return compacted


def _quarantine(session_id: int, stored: StoredBoard, compacted: compaction.CompactedBoard) -> None:
    """Keeps a copy of what is not in the folded state. Nothing reads it but a person."""
    sources = stored.sources
    bad = {sources[place] for place in compacted.bad if place < len(sources)}
    if compacted.why:
        bad |= set(sources)
    rows = [row for row in bad if row is not None]
    found = list(BoardUpdate.objects.filter(pk__in=rows).values_list("data", flat=True))
    if None in bad:
        found += BoardSnapshot.objects.filter(pk=session_id).values_list("state", flat=True)
    BoardQuarantine.objects.bulk_create(
        BoardQuarantine(session_id=session_id, data=data, reason=compacted.why or "unreadable")
        for data in found
    )
