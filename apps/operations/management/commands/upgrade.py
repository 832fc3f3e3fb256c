"""Says what an upgrade would change, or does it (docs/operations.md)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from apps.common.releases import pending_migrations, refuse_newer_database
from apps.common.version import VERSION
from apps.operations.backup import rotation


class Command(BaseCommand):
    help = "Back up, then migrate the database to this release; `--check` only says what it needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true",
            help="change nothing; exit status 1 if the database is not that of this release",
        )  # fmt: skip
        parser.add_argument("--no-backup", action="store_true", help="migrate without a backup")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_newer_database()
            pending = pending_migrations()
        except DatabaseError as exc:
            reason = " ".join(str(exc).split())
            raise CommandError(f"The database of DATABASE_URL cannot be used: {reason}") from exc
        if not pending:
            self.stdout.write(f"The database is that of Kreida {VERSION}.")
        for name in pending:
            self.stdout.write(f"to do: {name}")
        if options["check"]:
            self._say_last_backup()
            if pending:
                raise CommandError(f"{len(pending)} migrations to do: run `kreida upgrade`.")
            return
        has_tables = bool(MigrationRecorder(connection).applied_migrations())
        if pending and has_tables and not options["no_backup"]:
            call_command("backup")
        call_command("prepare")
        self.stdout.write(f"Ready for Kreida {VERSION}. Restart its processes one by one.")

    def _say_last_backup(self) -> None:
        folder = Path(settings.BACKUP_DIR)
        backups = rotation.list_backups(folder) if folder.is_dir() else []
        if not backups:
            self.stdout.write(f"No backup in {folder}.")
            return
        hours = (timezone.now() - rotation.made_at(backups[0])).total_seconds() / 3600
        self.stdout.write(f"Last backup: {backups[0].name}, {hours:.0f} hours ago.")
