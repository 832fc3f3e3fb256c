"""Prepares a release before its processes start: migrations and static files."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, connection

from apps.common.dependency_failures import dependency_failure
from apps.common.postgresql.timeouts import lift_timeouts
from apps.common.releases import refuse_newer_database

# DRF's browsable API and the ReDoc viewer, which are not used.
IGNORED_PATTERNS = ["rest_framework", "redoc"]


class Command(BaseCommand):
    help = "Migrate the database and collect the static files."

    def handle(self, *args: Any, **options: Any) -> None:
        _check_database()
        refuse_newer_database()
        try:
            restrict_permissions(Path(settings.DATA_DIR))
            lift_timeouts()
            call_command("migrate", verbosity=0, interactive=False)
            collect_static_files()
        except (DatabaseError, OSError) as exc:
            failure = dependency_failure(exc)
            if failure is None:
                raise
            raise CommandError(f"{failure.detail} ({exc})") from exc


def _check_database() -> None:
    """Raises CommandError with the reason if DATABASE_URL does not work."""
    try:
        connection.ensure_connection()
    except DatabaseError as exc:
        reason = " ".join(str(exc).split())
        raise CommandError(f"The database of DATABASE_URL cannot be used: {reason}") from exc


def restrict_permissions(folder: Path) -> None:
    """Make the files of earlier releases private to this user, except for static files."""
    for root, folders, files in os.walk(folder):
        if Path(root) == Path(folder):
            folders[:] = [name for name in folders if name != "static"]
        for path in (Path(root, name) for name in files):
            if not path.is_symlink() and path.stat().st_mode & 0o077:
                path.chmod(0o600)


def collect_static_files() -> None:
    """Copy, hash and compress the static files if any of them has changed."""
    fingerprint = _fingerprint()
    file = Path(settings.STATIC_ROOT) / ".fingerprint"
    if file.is_file() and file.read_text() == fingerprint:
        return
    call_command(
        "collectstatic",
        verbosity=0,
        interactive=False,
        clear=True,
        ignore_patterns=IGNORED_PATTERNS,
    )
    file.write_text(fingerprint)


def _fingerprint() -> str:
    """A digest of the name, size and mtime of every source file."""
    stats = []
    for finder in get_finders():
        for path, storage in finder.list(ignore_patterns=None):
            stat = Path(storage.path(path)).stat()
            stats.append((path, stat.st_size, stat.st_mtime_ns))
    return hashlib.sha256(json.dumps(sorted(stats)).encode()).hexdigest()
