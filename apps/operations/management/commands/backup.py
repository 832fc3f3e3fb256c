"""Backs up the database, the files and the keys while Kreida runs."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from apps.operations.backup import rotation
from apps.operations.backup.archive import BackupError
from apps.operations.backup.dump import Backup, write_backup

KEEP = 14


class Command(BaseCommand):
    help = "Write a checked backup of database, files and keys while Kreida runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--to", type=Path, metavar="DIR", default=Path(settings.BACKUP_DIR),
            help="the folder of the backups; BACKUP_DIR by default",
        )  # fmt: skip
        parser.add_argument(
            "--keep", type=int, default=KEEP, metavar="N",
            help=f"delete all but the newest N backups of the folder; {KEEP} by default, 0: none",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)
        folder: Path = options["to"].expanduser().resolve()
        if options["keep"] < 0:
            raise CommandError("--keep must be a whole number from 0.")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with rotation.lock(folder):
                now = timezone.now()
                backup = write_backup(folder / rotation.backup_name(now), now)
                deleted = rotation.delete_old(folder, options["keep"])
        except (BackupError, OSError, DatabaseError) as exc:
            raise CommandError(str(exc)) from exc
        self._report(backup, deleted)

    def _report(self, backup: Backup, deleted: list[Path]) -> None:
        self.stdout.write(
            f"{backup.path}: {backup.size / 1e6:.2f} MB, {backup.rows} rows, {backup.files} files, "
            "read back and found whole."
        )
        if deleted:
            self.stdout.write(f"Deleted {len(deleted)} old: up to {deleted[0].name}.")
        if backup.missing_files:
            self.stdout.write(
                f"Missing in DATA_DIR/files, although the database names them: "
                f"{len(backup.missing_files)} files, such as {backup.missing_files[0]}."
            )
        self.stdout.write("It holds passwords' hashes and keys: protect it as the server itself.")
