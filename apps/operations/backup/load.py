"""Restore a backup into an empty place, on either database."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from apps.common.postgresql.timeouts import lift_timeouts
from apps.operations.backup import tables
from apps.operations.backup.archive import (
    SECRET_KEY,
    VAPID_KEY,
    ArchiveReader,
    BackupError,
)
from apps.operations.backup.tables import Model

# What `kreida prepare` and a start leave in the database of an empty school.
TABLES_OF_AN_EMPTY_SCHOOL = {
    "auth_permission",
    "common_dailylimit",
    "common_installation",
    "common_periodicjob",
    "django_content_type",
}
BATCH_ROWS, BATCH_BYTES = 500, 4 * 1024 * 1024


@dataclass(frozen=True)
class Restored:
    rows: int
    files: int
    missing_files: list[str]


def check_place(archive: ArchiveReader) -> None:
    """Raise BackupError if this release or the database here cannot take the archive."""
    archive.check_migrations(tables.known_migrations())
    _check_empty()
    _check_space(archive)


def restore(archive: ArchiveReader) -> Restored:
    """Restore everything, or nothing but files that no row names. Raises BackupError."""
    lift_timeouts()
    executor = _migrate_to(archive.manifest.migrations)
    # Of that state too, since later releases may have other columns.
    nodes = [(app, name) for app, names in archive.manifest.migrations.items() for name in names]
    stored = tables.stored_models(executor.loader.project_state(nodes).apps)
    _check_tables(archive, stored)
    files = _restore_files(archive)
    with _insertion(stored):
        for model in stored:
            _insert_rows(archive, model)
        tables.set_sequences(stored, archive.summary.sequences)
        _compare(archive, stored)
    call_command("migrate", verbosity=0, interactive=False)
    _restore_keys(archive)
    os.sync()
    rows = sum(archive.summary.rows.values())
    return Restored(rows, files, archive.summary.missing_files)


def _check_empty() -> None:
    full = []
    with connection.cursor() as cursor:
        found = set(connection.introspection.table_names(cursor))
        for table in sorted(found - TABLES_OF_AN_EMPTY_SCHOOL - {"django_migrations"}):
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608
            if cursor.fetchone():
                full.append(table)
    if full:
        raise BackupError(
            f"The database is not empty ({full[0]} has rows), and a restore does not overwrite it. "
            "Set DATABASE_URL and DATA_DIR to an empty place, or move the old ones away."
        )


def _check_space(archive: ArchiveReader) -> None:
    needed, free = archive.files_size(), shutil.disk_usage(settings.DATA_DIR).free
    if needed > free:
        raise BackupError(
            f"The files of {archive.path} take {needed >> 20} MiB, and only {free >> 20} MiB are "
            f"free in {settings.DATA_DIR}."
        )


def _migrate_to(migrations: dict[str, list[str]]) -> MigrationExecutor:
    """Bring the empty database to the state that the archive was made in."""
    executor = MigrationExecutor(connection)
    wanted = {(app, name) for app, names in migrations.items() for name in names}
    if set(executor.loader.applied_migrations) - wanted:
        raise BackupError(
            "The database has newer tables than the backup, although it is empty. Drop and create "
            "it again, or on SQLite delete its file; then restore."
        )
    plan = [
        (migration, False)
        for migration, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes())
        if (migration.app_label, migration.name) in wanted
    ]
    executor.migrate([], plan=plan)
    return executor


def _check_tables(archive: ArchiveReader, stored: list[Model]) -> None:
    expected = {model._meta.db_table for model in stored}
    if different := expected ^ archive.summary.rows.keys():
        raise BackupError(
            f"{archive.path} does not have the tables of its migrations: {sorted(different)[0]}."
        )


@contextmanager
def _insertion(stored: list[Model]) -> Iterator[None]:
    """One transaction, in which neither triggers of ours nor the order of the tables matter."""
    quoted = [connection.ops.quote_name(model._meta.db_table) for model in stored]
    is_sqlite = connection.vendor == "sqlite"
    if is_sqlite:
        connection.disable_constraint_checking()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            with _without_sqlite_triggers() if is_sqlite else _without_triggers(quoted):
                for table in quoted:  # what migrations have inserted
                    cursor.execute(f"DELETE FROM {table}")  # noqa: S608 (our names)
                yield
            connection.check_constraints()
    finally:
        if is_sqlite:
            connection.enable_constraint_checking()


@contextmanager
def _without_sqlite_triggers() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _statement in triggers:
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
        yield
        for _name, statement in triggers:
            cursor.execute(statement)


@contextmanager
def _without_triggers(quoted: list[str]) -> Iterator[None]:
    """Foreign keys stay, which are checked at the end."""
    with connection.cursor() as cursor:
        for table in quoted:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in quoted:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _order_columns(
    archive: ArchiveReader, model: Model, columns: list[object]
) -> "list[models.Field[Any, Any]]":
    """Return the model's fields in the order of the archive's columns. Raises BackupError."""
    fields = {str(field.column): field for field in tables.stored_fields(model)}
    if sorted(map(str, columns)) != sorted(fields):
        table = model._meta.db_table
        raise BackupError(f"{archive.path} does not have the columns of {table}.")
    return [fields[str(column)] for column in columns]


def _insert_rows(archive: ArchiveReader, model: Model) -> None:
    table = model._meta.db_table
    rows = archive.rows(table)
    ordered = _order_columns(archive, model, next(rows, []))
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in ordered)
    marks = ", ".join(["%s"] * len(ordered))
    statement = f"INSERT INTO {quote(table)} ({names}) VALUES ({marks})"  # noqa: S608 (our names)
    with connection.cursor() as cursor:
        for batch in _batches(rows):
            try:
                adapted = [
                    [_adapt(field, value) for field, value in zip(ordered, row, strict=True)]
                    for row in batch
                ]
                cursor.executemany(statement, adapted)
            except (DatabaseError, ValidationError, ValueError, TypeError, AttributeError) as exc:
                reason = " ".join(str(exc).split())
                raise BackupError(f"A row of {table} cannot be restored: {reason}") from exc


def _batches(rows: Iterator[list[object]]) -> Iterator[list[list[object]]]:
    """Split by number and by size, since one row of a board may have megabytes."""
    batch: list[list[object]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, str))
        if len(batch) >= BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _adapt(field: "models.Field[Any, Any]", value: object) -> Any:
    """Convert a value of the archive into what the database takes."""
    if isinstance(field, models.ForeignKey):
        return _adapt(field.target_field, value)
    if isinstance(field, models.JSONField):
        if value is None and field.null:
            return None
        return connection.ops.adapt_json_value(value, field.encoder)
    return field.get_db_prep_save(None if value is None else field.to_python(value), connection)


def _restore_files(archive: ArchiveReader) -> int:
    count = 0
    for name in archive.file_names():
        target = Path(settings.MEDIA_ROOT, name)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in archive.read_file(name):
                file.write(chunk)
        count += 1
    return count


def _compare(archive: ArchiveReader, stored: list[Model]) -> None:
    """Compare the number of rows, and every file with its row, before the transaction ends."""
    known_missing = set(archive.summary.missing_files)
    for model in stored:
        table, expected = model._meta.db_table, archive.summary.rows[model._meta.db_table]
        found = model._base_manager.count()
        if found != expected:
            raise BackupError(f"{found} rows of {table} were restored, not {expected}.")
        for field in tables.file_fields(model):
            for name in tables.file_names(model, field):
                path = Path(settings.MEDIA_ROOT, name)
                if name in known_missing:
                    continue
                if not path.is_file() or path.stat().st_size != archive.file_size(name):
                    raise BackupError(f"The file {name}, which {table} names, was not restored.")


def _restore_keys(archive: ArchiveReader) -> None:
    """Replace the keys that this command itself has made in the empty folder."""
    for member in (SECRET_KEY, VAPID_KEY):
        file = Path(settings.DATA_DIR, Path(member).name)
        new = file.with_name(f".{file.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(archive.key(member))
        new.replace(file)
