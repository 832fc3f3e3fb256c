"""Back up the SQLite database while Kreida runs."""

import contextlib
import os
import sqlite3
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import connection


class Command(BaseCommand):
    help = "Writes a checked copy of the SQLite database into FILE, which must not exist yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if connection.vendor != "sqlite":
            raise CommandError("The database is not SQLite: use pg_dump.")
        if file.exists():
            raise CommandError(f"{file} exists already.")
        unfinished = file.with_name(f".{file.name}.part")
        try:
            _copy(Path(connection.settings_dict["NAME"]), unfinished)
            unfinished.rename(file)
        except (OSError, sqlite3.Error) as exc:
            raise CommandError(f"No backup was made: {exc}") from exc
        finally:
            unfinished.unlink(missing_ok=True)
        self.stdout.write(f"{file}: {file.stat().st_size} bytes")


def _copy(database: Path, target: Path) -> None:
    """Copy all pages in one step; a copy in several steps restarts after each write in between."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    with (
        contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy, pages=-1)
        [(verdict,)] = copy.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
