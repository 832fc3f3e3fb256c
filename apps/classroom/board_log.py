"""Boards in the database: an append-only log of updates, compacted into one snapshot per room."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from pycrdt import Doc

from apps.classroom import blobs, compaction
from apps.classroom.merging import build_document
from apps.classroom.models import (
    BoardAuthor,
    BoardQuarantine,
    BoardSnapshot,
    BoardUpdate,
    ClassroomSession,
)
from apps.classroom.realtime.board.stored_updates import names_client_twice, remove_deep_values

Authors = dict[tuple[int, int], str]  # the person key by session and Yjs client id


@dataclass(slots=True)
class StoredBoard:
    """A board as stored: the updates of its snapshot, then those of the log rows since."""

    version: int | None = None
    updates: list[bytes] = field(default_factory=list)
    sources: list[int | None] = field(default_factory=list)  # row id per update; None: snapshot
    rows: list[int] = field(default_factory=list)
    # Sources of which values were left out that nest too deeply, so that yrs does not crash.
    cleaned: set[int | None] = field(default_factory=set)
    is_newer: bool = False  # a later release wrote part of it; do not change it

    def add(self, data: bytes, row: int | None) -> None:
        try:
            updates = blobs.decode(data)
        except blobs.NewerFormat:
            self.is_newer = True
            return
        self.updates += updates
        self.sources += [row] * len(updates)

    def remove_unsafe_parts(self) -> None:
        """Leave out what could crash yrs: rows with two blocks of one client, and the deep values
        of a small board, which this process will load; a subprocess loads a large one.

        A snapshot was made by yrs and has one block of each client.
        """
        self.updates = [
            b"" if row is not None and names_client_twice(update) else update
            for row, update in zip(self.sources, self.updates, strict=True)
        ]
        if not compaction.is_large(self.updates):
            cleaned = [remove_deep_values(update) for update in self.updates]
            pairs = zip(self.sources, self.updates, cleaned, strict=True)
            self.cleaned = {source for source, old, new in pairs if new is not old}
            self.updates = cleaned


def load(sessions: Collection[int]) -> dict[int, StoredBoard]:
    """Read snapshots, then logs; read again those boards that were compacted in between.

    A row compacted between the two reads is in neither result; the snapshot's version shows it.
    """
    boards: dict[int, StoredBoard] = {}
    while remaining := [session for session in sessions if session not in boards]:
        read = {session: StoredBoard() for session in remaining}
        snapshots = BoardSnapshot.objects.filter(pk__in=remaining)
        for session, version, state in snapshots.values_list("pk", "version", "state"):
            read[session].version = version
            read[session].add(bytes(state), None)
        log = BoardUpdate.objects.filter(session__in=remaining)
        for session, row, data in log.values_list("session_id", "id", "data"):
            read[session].rows.append(row)
            read[session].add(bytes(data), row)
        versions = dict(snapshots.values_list("pk", "version"))
        for board in read.values():
            board.remove_unsafe_parts()
        boards |= {pk: board for pk, board in read.items() if board.version == versions.get(pk)}
    return boards


def load_document(session_id: int) -> "Doc[Any]":
    return build_document(load([session_id])[session_id].updates)[0]


def append(batch: Mapping[int, Sequence[bytes]]) -> None:
    """Append updates to the logs, all in one transaction: one row per update, as 0.32 reads it."""
    BoardUpdate.objects.bulk_create(
        [
            BoardUpdate(session_id=session, data=update)
            for session, updates in batch.items()
            for update in updates
        ],
        batch_size=500,
    )


def add_authors(authors: Authors) -> None:
    """Store authors, except in rooms that are gone; one who is known already stays."""
    existing = existing_sessions([session for session, _client in authors])
    BoardAuthor.objects.bulk_create(
        [
            BoardAuthor(session_id=session, client=client, person=person)
            for (session, client), person in authors.items()
            if session in existing
        ],
        ignore_conflicts=True,
    )


def load_authors(session_id: int) -> dict[int, str]:
    """Return the person key by Yjs client id."""
    return dict(BoardAuthor.objects.filter(session=session_id).values_list("client", "person"))


def existing_sessions(sessions: Sequence[int]) -> set[int]:
    found = ClassroomSession.objects.filter(pk__in=sessions).values_list("pk", flat=True)
    return set(found)


def compact(
    session_id: int,
    memory: Sequence[bytes] = (),
    *,
    outline: bool = False,
    unopened: bool = False,
) -> compaction.CompactedBoard | None:
    """Merge the log, and the updates a process holds in `memory`, into the snapshot; return it.

    Of several processes that compact at once, the first to raise the snapshot's version wins; the
    others change nothing and return None. Only rows that were read are deleted, by id: on
    PostgreSQL a row may become visible after one with a higher id. Unreadable updates are copied
    to the quarantine. Raises blobs.NewerFormat and compaction.SubprocessFailed, changing nothing.
    """
    stored = load([session_id])[session_id]
    if stored.is_newer:
        raise blobs.NewerFormat
    if memory and memory[0] in stored.updates:  # usually the whole board
        memory = memory[1:]
    compacted = compaction.compact_in_subprocess(
        [*stored.updates, *memory], outline=outline, unopened=unopened
    )
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
            if compacted.reason in compaction.REWRITTEN:  # its items have no author any more
                BoardAuthor.objects.filter(session=session_id).delete()
            for start in range(0, len(rows), 500):
                BoardUpdate.objects.filter(pk__in=rows[start : start + 500]).delete()
    except IntegrityError:  # another process made the first snapshot, or the room is gone
        return None
    return compacted


def _quarantine(session_id: int, stored: StoredBoard, compacted: compaction.CompactedBoard) -> None:
    """Copy the rows that are not fully in the compacted state, for manual inspection only."""
    sources = stored.sources
    reasons = {sources[i]: "unreadable" for i in compacted.unreadable if i < len(sources)}
    reasons |= dict.fromkeys(stored.cleaned, compaction.TOO_DEEP)
    if compacted.reason:
        reasons |= dict.fromkeys(sources, compacted.reason)
    rows = [row for row in reasons if row is not None]
    found: list[tuple[int | None, Any]] = [
        *BoardUpdate.objects.filter(pk__in=rows).values_list("pk", "data")
    ]
    if None in reasons:
        snapshots = BoardSnapshot.objects.filter(pk=session_id)
        found += [(None, state) for state in snapshots.values_list("state", flat=True)]
    BoardQuarantine.objects.bulk_create(
        BoardQuarantine(session_id=session_id, data=data, reason=reasons[source])
        for source, data in found
    )
