"""During a rolling restart the previous release writes to a database that this one has migrated,
so each new column needs a database default."""

from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, CreateModel, RemoveField, RenameField

# The last migration of each app in the previous release, 0.32. Update it with each release, and the
# databases in tests/releases/.
RELEASED = {"accounts": 1, "classroom": 5, "classrooms": 1, "lessons": 3}


def new_operations():
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        is_ours = apps.get_app_config(app).name.startswith("apps.")
        if is_ours and int(name[:4]) > RELEASED.get(app, 0):
            yield from ((app, operation) for operation in migration.operations)


def test_new_column_has_a_database_default():
    operations = list(new_operations())
    new = {(app, one.name_lower) for app, one in operations if isinstance(one, CreateModel)}
    added = [
        (app, one)
        for app, one in operations
        if isinstance(one, AddField) and (app, one.model_name_lower) not in new
    ]
    assert added
    without = [
        f"{app}.{one.model_name}.{one.name}"
        for app, one in added
        if not one.field.null and not one.field.has_db_default()
    ]
    assert without == []


def test_column_of_the_previous_release_is_kept():
    assert not [one for _app, one in new_operations() if isinstance(one, RemoveField | RenameField)]
