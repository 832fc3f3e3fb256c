"""The tables of a backup, and their columns, whatever apps there are."""

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.core.management.color import no_style
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

Model = type[models.Model]


def stored_models(apps: Apps) -> list[Model]:
    """Return the models with a table of their own, in the order of their tables' names."""
    found = {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    return [found[table] for table in sorted(found)]


def stored_fields(model: Model) -> "list[models.Field[Any, Any]]":
    return [
        field
        for field in model._meta.local_concrete_fields
        if not isinstance(field, models.GeneratedField)
    ]


def file_fields(model: Model) -> list[models.FileField]:
    return [field for field in stored_fields(model) if isinstance(field, models.FileField)]


def file_names(model: Model, field: models.FileField) -> Iterator[str]:
    """Yield the names of the files that the rows of a table name."""
    rows = model._base_manager.exclude(**{field.name: ""}).exclude(**{field.name: None})
    yield from rows.order_by("pk").values_list(field.name, flat=True).iterator(2000)


def applied_migrations() -> dict[str, list[str]]:
    loader = MigrationLoader(connection)
    found: dict[str, list[str]] = {}
    for app, name in sorted(loader.applied_migrations):
        found.setdefault(app, []).append(name)
    return found


def known_migrations() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for app, name in MigrationLoader(None).disk_migrations:
        found.setdefault(app, set()).add(name)
    return found


def sequences() -> dict[str, int]:
    """Return the last id that the database gave in each table that gives them."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("""
                SELECT owner.relname, last_value FROM pg_sequences
                JOIN pg_class AS sequence ON sequence.relname = sequencename
                JOIN pg_namespace AS space ON space.oid = sequence.relnamespace
                    AND space.nspname = schemaname
                JOIN pg_depend ON pg_depend.objid = sequence.oid AND deptype IN ('a', 'i')
                    AND classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
                JOIN pg_class AS owner ON owner.oid = refobjid
                WHERE schemaname = current_schema() AND last_value IS NOT NULL
            """)
        else:
            cursor.execute("SELECT name, seq FROM sqlite_sequence")
        return dict(cursor.fetchall())


def set_sequences(stored: list[Model], last_ids: dict[str, int]) -> None:
    """Let each table go on after its last id, also where the rows with it were deleted."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), stored):
            cursor.execute(statement)
        for model in stored:
            table, key = model._meta.db_table, model._meta.pk
            last = last_ids.get(table, 0)
            if not last or not isinstance(key, models.AutoField):
                continue
            column = str(key.column)
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT setval(seq, greatest(%s, (SELECT coalesce(max("  # noqa: S608 (our names)
                    f"{quote(column)}), 1) FROM {quote(table)}))) "
                    "FROM pg_get_serial_sequence(%s, %s) AS seq",
                    [last, quote(table), column],
                )
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
                cursor.execute(
                    "INSERT INTO sqlite_sequence (name, seq) SELECT %s, "  # noqa: S608 (our names)
                    f"max(%s, coalesce((SELECT max({quote(column)}) FROM {quote(table)}), 0))",
                    [table, last],
                )
