"""The names of backups in a folder, and which of them are kept."""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from apps.operations.backup.archive import BackupError

_NAME = re.compile(r"kreida-\d{8}T\d{6}Z\.zip")


def backup_name(now: datetime) -> str:
    return f"kreida-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"


def list_backups(folder: Path) -> list[Path]:
    """Return the backups of a folder, the newest first; files with other names are not ours."""
    return sorted(
        (path for path in folder.glob("*.zip") if _NAME.fullmatch(path.name)), reverse=True
    )


def made_at(backup: Path) -> datetime:
    return datetime.strptime(backup.name, "kreida-%Y%m%dT%H%M%SZ.zip").replace(tzinfo=UTC)


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
