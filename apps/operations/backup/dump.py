"""Write a backup while the school works: from one snapshot of the database, then the files.

A file is written before its row, never changed, and deleted a day after its row at the earliest, so
that the files which the snapshot names are there when they are copied.
"""

import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from apps.common.models import Installation
from apps.common.postgresql.timeouts import lift_timeouts
from apps.common.version import VERSION
from apps.operations.backup import tables
from apps.operations.backup.archive import (
    CHUNK,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    SECRET_KEY,
    SUMMARY,
    VAPID_KEY,
    BackupError,
    Manifest,
    Summary,
    file_member,
    open_archive,
    rows_member,
)
from apps.operations.backup.tables import Model

ROWS_AT_ONCE = 200  # of a board's snapshots, each may have megabytes


@dataclass(frozen=True)
class Backup:
    path: Path
    size: int
    rows: int
    files: int
    missing_files: list[str]


def write_backup(path: Path, now: datetime) -> Backup:
    """Write a backup, read it back, and only then give it its name. Raises BackupError."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
                files = _write(archive, now)
            file.flush()
            os.fsync(file.fileno())
        with open_archive(unfinished) as written:
            written.check()
            summary = written.summary
        unfinished.rename(path)
        _sync_folder(path.parent)
    except OSError as exc:
        raise BackupError(f"No backup was made: {exc.strerror or exc} ({path.parent}).") from exc
    finally:
        unfinished.unlink(missing_ok=True)
    rows = sum(summary.rows.values())
    return Backup(path, path.stat().st_size, rows, files, summary.missing_files)


def _write(archive: zipfile.ZipFile, now: datetime) -> int:
    """Write everything into the archive; return the number of files."""
    with snapshot():
        applied = tables.applied_migrations()
        stored = _models_of(applied)
        manifest = Manifest(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            release=VERSION,
            created_at=now.astimezone(UTC).isoformat(timespec="seconds"),
            database=connection.vendor,
            installation=_installation(stored),
            migrations=applied,
        )
        archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        counts = {model._meta.db_table: _write_rows(archive, model) for model in stored}
        written, missing = _write_files(archive, stored)
        sequences = tables.sequences()
    archive.writestr(SECRET_KEY, settings.SECRET_KEY)
    archive.writestr(VAPID_KEY, settings.VAPID_KEY)
    summary = Summary(rows=counts, sequences=sequences, missing_files=missing)
    archive.writestr(SUMMARY, msgspec.json.encode(summary))
    return written


def _models_of(applied: dict[str, list[str]]) -> list[Model]:
    """Return the models of the state that the database is in, before an upgrade an older one."""
    known = {app: names for app, names in tables.known_migrations().items() if names}
    if {app: set(names) for app, names in applied.items()} == known:
        return tables.stored_models(apps)
    unknown = [app for app, names in applied.items() if set(names) - known.get(app, set())]
    if unknown or not applied:
        raise BackupError(
            "No backup was made: the database is not one of this release or of an older one. "
            "`kreida upgrade --check` says more."
        )
    nodes = [(app, name) for app, names in applied.items() for name in names]
    return tables.stored_models(MigrationLoader(connection).project_state(nodes).apps)


def _installation(stored: list[Model]) -> str:
    for model in stored:
        if model._meta.db_table == Installation._meta.db_table:
            return str(model._base_manager.values_list("uuid", flat=True).first() or "")
    return ""


@contextmanager
def snapshot() -> Iterator[None]:
    """Read the database as it is now, while others go on writing."""
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        lift_timeouts()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield
        return
    connection.ensure_connection()
    # Not through Django, which would take the write lock for the whole time.
    connection.connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.connection.execute("ROLLBACK")


def _write_rows(archive: zipfile.ZipFile, model: Model) -> int:
    fields = tables.stored_fields(model)
    names = [field.attname for field in fields]
    rows = model._base_manager.order_by("pk").values_list(*names)
    count = 0
    encoder = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical")
    with archive.open(_compressed(rows_member(model._meta.db_table)), "w", force_zip64=True) as out:
        out.write(encoder.encode([field.column for field in fields]) + b"\n")
        for row in rows.iterator(ROWS_AT_ONCE):
            out.write(encoder.encode(row) + b"\n")
            count += 1
    return count


def _write_files(archive: zipfile.ZipFile, stored: list[Model]) -> tuple[int, list[str]]:
    """Copy the files that rows name; return how many, and the names of those that are missing."""
    written: set[str] = set()
    missing: list[str] = []
    for model in stored:
        for field in tables.file_fields(model):
            for name in tables.file_names(model, field):
                if name in written:
                    continue
                try:
                    with field.storage.open(name) as source:
                        # Pictures do not become smaller.
                        info = zipfile.ZipInfo(file_member(name))
                        with archive.open(info, "w", force_zip64=True) as out:
                            shutil.copyfileobj(source, out, CHUNK)
                except FileNotFoundError:
                    missing.append(name)
                else:
                    written.add(name)
    return len(written), missing


def _compressed(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
