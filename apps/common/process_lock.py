"""One serving process for a SQLite database, unless Redis joins several."""

import fcntl
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []  # open for as long as the process lives; the kernel then unlocks


class AlreadyServedError(Exception):
    """Another process serves this database."""


def lock_database(database: Path, *, shared: bool) -> None:
    """Hold `<database>.lock` until this process ends, however it ends. `shared` is for processes
    that hear of each other by Redis. Raises AlreadyServedError."""
    file = database.with_name(f"{database.name}.lock").open("a")
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        file.close()
        raise AlreadyServedError from exc
    _held.append(file)
