"""What a release needs once, before its processes start: migrations and static files."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, connection

from apps.common.failures import dependency_failure

# DRF's browsable pages and the second viewer of API documents, which nothing here shows.
UNUSED = ["rest_framework", "redoc"]


class Command(BaseCommand):
    help = "Migrate the database and collect the static files."

    def handle(self, *args: Any, **options: Any) -> None:
        _check_database()
        try:
            close_to_others(Path(settings.DATA_DIR))
            _give_migrations_time()
            call_command("migrate", verbosity=0, interactive=False)
            collect_static_files()
        except (DatabaseError, OSError) as exc:
            refusal = dependency_failure(exc)
            if refusal is None:
                raise
            raise CommandError(f"{refusal.detail} ({exc})") from exc


def _check_database() -> None:
    """One sentence for an address where no database is, or one that does not let us in."""
    try:
        connection.ensure_connection()
    except DatabaseError as exc:
        why = " ".join(str(exc).split())
        raise CommandError(f"The database of DATABASE_URL cannot be used: {why}") from exc


def _give_migrations_time() -> None:
    """A request's bounds are too short for a table of a million rows."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SET lock_timeout = '60s'")
        connection.connection.answer_timeout = None


def close_to_others(folder: Path) -> None:
    """Take other users' rights off what earlier releases wrote; static files are public anyway."""
    for place, folders, files in os.walk(folder):
        if Path(place) == Path(folder):
            folders[:] = [name for name in folders if name != "static"]
        for path in (Path(place, name) for name in files):
            if not path.is_symlink() and path.stat().st_mode & 0o077:
                path.chmod(0o600)


def collect_static_files() -> None:
    """Copies, hashes and compresses the static files, but only when any of them has changed."""
    fingerprint = _fingerprint()
    file = Path(settings.STATIC_ROOT) / ".fingerprint"
    if file.is_file() and file.read_text() == fingerprint:
        return
    call_command(
        "collectstatic", verbosity=0, interactive=False, clear=True, ignore_patterns=UNUSED
    )
    file.write_text(fingerprint)


def _fingerprint() -> str:
    """A digest of every source file's name, size and time."""
    found = []
    for finder in get_finders():
        for path, storage in finder.list(ignore_patterns=None):
            stat = Path(storage.path(path)).stat()
            found.append((path, stat.st_size, stat.st_mtime_ns))
    return hashlib.sha256(json.dumps(sorted(found)).encode()).hexdigest()
