"""The names of backups in a folder, which say how old they are."""

import re
from datetime import UTC, datetime
from pathlib import Path

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


def last_backup(folder: Path) -> datetime | None:
    """Return when the newest backup was made; None if there is none, or it cannot be seen."""
    try:
        found = list_backups(folder)
    except OSError:
        return None
    return made_at(found[0]) if found else None
