"""Whether the database belongs to this release of Kreida."""

import pkgutil
from importlib import import_module

from django.apps import apps
from django.core.management import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from apps.common.version import VERSION


def newer_migrations() -> list[str]:
    """Return the applied migrations of Kreida's own apps that this release does not have. Their
    names are read from the folders, since importing all of them would slow down each start."""
    known = {
        config.label: _names(config.label)
        for config in apps.get_app_configs()
        if config.name.startswith("apps.")
    }
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(
        f"{app}.{name}" for app, name in applied if app in known and name not in known[app]
    )


def pending_migrations() -> list[str]:
    """Return the migrations of this release that the database does not have, in their order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def _names(label: str) -> set[str]:
    module, _is_explicit = MigrationLoader.migrations_module(label)
    try:
        package = import_module(module or "")
    except (ModuleNotFoundError, ValueError):  # an app without models
        return set()
    return {found.name for found in pkgutil.iter_modules(package.__path__)}


def refuse_newer_database() -> None:
    """Raise CommandError if a newer release has migrated the database."""
    if newer := newer_migrations():
        raise CommandError(
            f"The database was migrated by a newer release of Kreida than this one ({VERSION}): "
            f"it has {newer[0]}. Install that release again, or restore a backup made before it."
        )
