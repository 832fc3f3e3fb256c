"""Upgrades, and what is refused: a database that a newer release has migrated."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile

import pytest

from tests.server import DATABASE, ROOT

pytestmark = [pytest.mark.any_database, pytest.mark.xdist_group("serving")]
NEWER = "INSERT INTO django_migrations (app, name, applied) VALUES ('lessons', '9999_later', 0)"
SETTINGS = ("BACKUP_DIR", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")


@pytest.fixture
def place(tmp_path, kreida_seed):
    """A folder of data with the database of this release."""
    shutil.copy(kreida_seed / DATABASE, tmp_path)
    return tmp_path


def kreida(place, *arguments):
    clean = {key: value for key, value in os.environ.items() if key not in SETTINGS}
    return subprocess.run(
        [sys.executable, "-m", "kreida", *arguments],
        cwd=ROOT,
        env={**clean, "DATA_DIR": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )


def execute(place, statement):
    with contextlib.closing(sqlite3.connect(place / DATABASE)) as database, database:
        database.execute(statement)


@pytest.mark.parametrize(
    "arguments", [("serve", "--bare"), ("work",), ("prepare",), ("upgrade", "--check")]
)
def test_command_refuses_a_database_of_a_newer_release(place, arguments):
    execute(place, NEWER)
    done = kreida(place, *arguments)
    assert done.returncode == 1
    assert "migrated by a newer release" in done.stderr
    assert "lessons.9999_later" in done.stderr


def test_check_of_an_upgraded_database_succeeds_and_names_the_last_backup(place):
    assert kreida(place, "backup").returncode == 0
    done = kreida(place, "upgrade", "--check")
    assert done.returncode == 0, done.stderr
    assert "The database is that of Kreida" in done.stdout
    assert "0 hours ago" in done.stdout


def test_upgrade_of_an_older_database_is_announced_backed_up_and_done(tmp_path):
    assert kreida(tmp_path, "migrate", "-v0").returncode == 0
    assert kreida(tmp_path, "migrate", "-v0", "lessons", "0021").returncode == 0
    done = kreida(tmp_path, "upgrade", "--check")
    assert done.returncode == 1
    assert "to do: lessons.0022" in done.stdout
    done = kreida(tmp_path, "upgrade")
    assert done.returncode == 0, done.stderr
    [backup] = (tmp_path / "backups").glob("*.zip")
    with zipfile.ZipFile(backup) as archive:
        assert b"0022" not in archive.read("manifest.json").partition(b'"lessons"')[2]
    assert kreida(tmp_path, "upgrade", "--check").returncode == 0
