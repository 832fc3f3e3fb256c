"""Fixtures around every test: its database, settings, cache, language, log and Redis."""

import fcntl
import io
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from weakref import WeakSet

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.test import TransactionTestCase, override_settings
from django.utils import translation

from apps.billing.append_only import TABLES as APPEND_ONLY
from apps.common import security_log
from apps.common.logs import JsonFormatter
from apps.common.worker import Worker
from tests.server import RedisServer


@pytest.hookimpl(wrapper=True)  # before pytest evaluates `-m`, and after pytest-django has sorted
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Deselect the tests that are marked for the other database; mark those that use none."""
    on_postgres = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    other = "sqlite" if on_postgres else "postgres"
    left_out = [item for item in items if item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        if not _uses_database(item):
            item.add_marker("any_database")
    yield
    # First the groups that one worker has to run alone, so that it does not end long after others.
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def _uses_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    markers = ("django_db", "postgres", "sqlite", "redis")
    return (
        "db" in fixtures
        or "transactional_db" in fixtures
        or any(item.get_closest_marker(name) for name in markers)
    )


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of all workers of pytest-xdist, which have theirs in it."""
    temporary = tmp_path_factory.getbasetemp()
    return temporary.parent if "PYTEST_XDIST_WORKER" in os.environ else temporary


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator["MigratedSqlite"]:
    """The database file that the first worker of pytest-xdist migrates and the others copy."""
    with (shared_folder(tmp_path_factory) / "migrated.lock").open("w") as lock:
        if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield MigratedSqlite(shared_folder(tmp_path_factory) / "migrated.sqlite3", lock)


@dataclass
class MigratedSqlite:
    """Locked until `release`, so that one worker migrates while the others wait."""

    file: Path
    lock: IO[str]

    def release(self) -> None:
        fcntl.flock(self.lock, fcntl.LOCK_UN)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
    migrated_sqlite: MigratedSqlite,
) -> None:
    """Put SQLite in a file, which the threads and processes of the room's tests share."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database.setdefault("TEST", {})["NAME"] = str(file)
        if migrated_sqlite.file.exists():
            shutil.copy(migrated_sqlite.file, file)


@pytest.fixture(scope="session")
def django_db_keepdb(migrated_sqlite: MigratedSqlite) -> bool:
    return migrated_sqlite.file.exists()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: Any, migrated_sqlite: MigratedSqlite
) -> Iterator[None]:
    """Let PostgreSQL commit without waiting for its disk, and close the connections of all threads
    at the end: it drops no database in use."""
    connection_created.connect(_remember)
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
            connection.close()  # it takes effect in new sessions
        elif not migrated_sqlite.file.exists():
            connection.close()  # moves the write-ahead log into the file
            shutil.copy(connection.settings_dict["NAME"], migrated_sqlite.file)
    migrated_sqlite.release()
    yield
    close_connections_of_threads()


# Of the server's pools too, which keep theirs from one request to the next.
_opened: "WeakSet[BaseDatabaseWrapper]" = WeakSet()


def _remember(connection: BaseDatabaseWrapper, **_kwargs: object) -> None:
    _opened.add(connection)


def close_connections_of_threads() -> None:
    """Close the connections that other threads have open and do not use."""
    for opened in list(_opened):
        if opened is not connections["default"] and opened.connection is not None:
            opened.connection.close()


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    """Replace Django's flush after a transactional test, which truncates every table and builds
    content types and permissions anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: delete_rows())
        yield


def delete_rows() -> None:
    """Empty the tables that have rows, except for content types and permissions."""
    kept = {model._meta.db_table for model in (ContentType, Permission)}
    tables = sorted(set(connection.introspection.django_table_names()) - kept)
    names = {table: connection.ops.quote_name(table) for table in tables}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {name})"
                for table, name in names.items()
            )
        )
        filled = [table for (table,) in cursor.fetchall()]
        with _append_only_lifted(cursor, [table for table in filled if table in APPEND_ONLY]):
            for table in filled:
                cursor.execute(f"DELETE FROM {names[table]}")


@contextmanager
def _append_only_lifted(cursor: Any, tables: list[str]) -> Iterator[None]:
    """Let rows be deleted that triggers keep."""
    if connection.vendor == "postgresql":
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else triggers are pending
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        return
    marks = ", ".join(["%s"] * len(tables))
    cursor.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({marks})",
        tables,
    )
    triggers = cursor.fetchall()
    for name, _sql in triggers:
        cursor.execute(f"DROP TRIGGER {name}")
    yield
    for _name, sql in triggers:
        cursor.execute(sql)


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()
    security_log._refusals.clear()


@pytest.fixture(autouse=True)
def _no_worker() -> None:
    """Forget the worker of an earlier test's server, which has stopped: mail would not be sent."""
    Worker.current = None


@pytest.fixture(autouse=True)
def _default_language() -> Iterator[None]:
    """Reset the language, which a request leaves active in its thread."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_settings() -> Iterator[None]:
    """Use a fast password hasher, since hashing dominates a test that signs in, and unhashed names
    of static files, which need no collectstatic."""
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={**settings.STORAGES, "staticfiles": static},
    ):
        yield


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that gives the log lines since the start of the test, parsed from JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis server for one test, which may stop and restart it."""
    running = RedisServer()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis server shared by tests that do not stop it."""
    running = RedisServer()
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The PostgreSQL server on which tests create databases, as in scripts/test.py."""
    return os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
