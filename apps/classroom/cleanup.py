"""Nightly clean-up of rooms: picture files, authors of boards and attendance rows not needed."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.files.storage import Storage
from django.db.models import Q
from pycrdt import get_state

from apps.classroom import board_log
from apps.classroom.merging import merge_bytes
from apps.classroom.models import Attendance, BoardAuthor, BoardFile, ClassroomSession
from apps.classroom.models.file import FOLDER
from apps.classroom.realtime.board.yproto import read_state_vector

ORPHAN_AFTER = timedelta(days=1)  # a new file has no row yet
# Boards last drawn on so long ago are looked at, and not again after a week.
UNUSED_AUTHORS_AFTER, UNUSED_AUTHORS_UNTIL = timedelta(days=1), timedelta(days=8)
log = logging.getLogger("kreida.cleanup")


def close_abandoned_attendance(now: datetime) -> None:
    """Close attendance rows of rooms that no process has open any more."""
    Attendance.objects.close_abandoned(now)


def delete_orphaned_files(now: datetime) -> None:
    """Delete files without a row, and report rows without a file in the log."""
    storage: Storage = BoardFile._meta.get_field("file").storage
    old = [name for name in _files(storage) if _is_old(storage, name, now)]
    known = dict(BoardFile.objects.values_list("file", "uuid").iterator())
    orphans = [name for name in old if name not in known]
    for name in orphans:
        storage.delete(name)
    _delete_empty_folders(storage, now)
    lost = [str(uuid) for name, uuid in known.items() if not storage.exists(name)]
    if orphans:
        log.info("deleted files without a row", extra={"data": {"files": len(orphans)}})
    if lost:
        log.error(
            "pictures without a file",
            extra={"data": {"pictures": len(lost), "first": lost[:20]}},
        )


def _files(storage: Storage) -> Iterator[str]:
    for folder in _folders(storage):
        yield from (f"{folder}/{name}" for name in storage.listdir(folder)[1])


def _folders(storage: Storage) -> list[str]:
    if not storage.exists(FOLDER):
        return []
    return [f"{FOLDER}/{name}" for name in storage.listdir(FOLDER)[0]]


def _is_old(storage: Storage, name: str, now: datetime) -> bool:
    try:
        return storage.get_modified_time(name) < now - ORPHAN_AFTER
    except FileNotFoundError:  # deleted concurrently
        return False


def _delete_empty_folders(storage: Storage, now: datetime) -> None:
    for folder in _folders(storage):
        if storage.listdir(folder) == ([], []) and _is_old(storage, folder, now):
            storage.delete(folder)


def delete_unused_authors(now: datetime) -> None:
    """Delete authors of client ids that their board does not have: it was rewritten under another
    one, or what they sent first was refused. The history needs none: restoring makes new items."""
    since, until = now - UNUSED_AUTHORS_UNTIL, now - UNUSED_AUTHORS_AFTER
    drawn = Q(versioned_at__range=(since, until))
    drawn |= Q(versioned_at=None, created_at__range=(since, until))
    present = Attendance.objects.present(now).values("session")
    rooms = ClassroomSession.objects.filter(drawn, pk__in=BoardAuthor.objects.values("session"))
    for session_id in list(rooms.exclude(pk__in=present).values_list("pk", flat=True)):
        _delete_unused_authors_of(session_id)


def _delete_unused_authors_of(session_id: int) -> None:
    board = board_log.load([session_id])[session_id]
    if board.is_newer:
        return
    try:
        vector = get_state(merge_bytes(board.updates)) if board.updates else b"\0"
    except ValueError:  # partly unreadable; its next compaction leaves that out
        return
    clients = {client for client, _clock in read_state_vector(vector)}
    authors = BoardAuthor.objects.filter(session=session_id)
    unused = [pk for pk, client in authors.values_list("pk", "client") if client not in clients]
    for at in range(0, len(unused), 500):
        BoardAuthor.objects.filter(pk__in=unused[at : at + 500]).delete()
