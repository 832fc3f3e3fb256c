"""A lock file that allows one serving process per SQLite database, or several with Redis."""

import fcntl
from pathlib import Path
from typing import IO

_lock_files: list[
    IO[str]
] = []  # kept open until the process ends, when the kernel releases the locks


class AlreadyServedError(Exception):
    """Another process serves this database."""


def lock_database(database: Path, *, shared: bool) -> None:
    """Lock `<database>.lock` until this process ends. Processes connected by Redis use a shared
    lock. Raises AlreadyServedError."""
    file = database.with_name(f"{database.name}.lock").open("a")
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        file.close()
        raise AlreadyServedError from exc
    _lock_files.append(file)
