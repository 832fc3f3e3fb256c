"""Restores a backup into an empty place, or tries it in a scratch one."""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError, connection

from apps.common.process_lock import AlreadyServedError, PostgresLock, lock_database
from apps.operations.backup.archive import BackupError, open_archive
from apps.operations.backup.load import check_place, restore

# Of this process's place; the scratch place has none of them.
_PLACE = ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")


class Command(BaseCommand):
    help = "Restore a backup into an empty DATABASE_URL and DATA_DIR, on either database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("archive", type=Path, metavar="ARCHIVE")
        parser.add_argument(
            "--verify", action="store_true",
            help="restore into a scratch SQLite database next to the archive's files in DATA_DIR, "
            "compare every count and every file with its row, and delete it again",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)
        archive: Path = options["archive"].expanduser().resolve()
        if options["verify"]:
            self._verify(archive)
            return
        try:
            with open_archive(archive) as opened:
                check_place(opened)
                _lock_or_refuse()
                restored = restore(opened)
        except BackupError as exc:
            raise CommandError(str(exc)) from exc
        except (OSError, DatabaseError) as exc:
            raise CommandError(
                f"The backup was not restored: {' '.join(str(exc).split())}"
            ) from exc
        self.stdout.write(
            f"Restored {restored.rows} rows and {restored.files} files of {archive.name}; "
            "every count and every file agrees with the backup."
        )
        if restored.missing_files:
            self.stdout.write(
                f"{len(restored.missing_files)} files were missing when the backup was made."
            )
        if os.environ.get("SECRET_KEY"):
            self.stdout.write(
                "SECRET_KEY is set here. Unless it is that of the backup, everybody signs in again "
                "and invite links stop working; the backup's is in DATA_DIR/secret_key."
            )

    def _verify(self, archive: Path) -> None:
        """In a process of its own, since settings name the place."""
        with tempfile.TemporaryDirectory(prefix="verify-", dir=settings.DATA_DIR) as scratch:
            env = {key: value for key, value in os.environ.items() if key not in _PLACE}
            done = subprocess.run(  # noqa: S603 (this program)
                [sys.executable, "-m", "kreida", "restore", str(archive)],
                cwd=settings.BASE_DIR,
                env={**env, "DATA_DIR": scratch},
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise CommandError(done.stderr.strip() or "The backup could not be restored.")
        self.stdout.write(done.stdout.strip())
        self.stdout.write("The scratch place was deleted.")


def _lock_or_refuse() -> None:
    """A process that serves the database would not notice what is restored."""
    try:
        if connection.vendor == "sqlite":
            lock_database(Path(str(settings.DATABASES["default"]["NAME"])), shared=False)
        elif not PostgresLock(shared=False).hold():
            raise AlreadyServedError
    except AlreadyServedError as exc:
        raise CommandError("A running Kreida serves this database. Stop it first.") from exc
