"""Which backups of a folder are kept, and that only one is written at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.common.backup_files import backup_name, list_backups, made_at
from apps.operations.backup.archive import BackupError

__all__ = ("backup_name", "delete_old", "list_backups", "lock", "made_at")


def delete_old(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups, and return the deleted ones; 0 keeps all."""
    old = list_backups(folder)[keep:] if keep else []
    for path in old:
        path.unlink()
    return old


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Refuse a second backup into the same folder at once."""
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise BackupError(f"Another backup into {folder} is running.") from exc
        yield
