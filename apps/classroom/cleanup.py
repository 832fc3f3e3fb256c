"""Nightly clean-up of rooms: orphaned picture files and abandoned attendance rows."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.files.storage import Storage

from apps.classroom.models import Attendance, BoardFile
from apps.classroom.models.file import FOLDER

ORPHAN_AFTER = timedelta(days=1)  # a new file has no row yet
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
