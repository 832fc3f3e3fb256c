import sqlite3
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from apps.common.models import PeriodicJob
from tests.builders import NOON


@pytest.fixture
def written_rows(transactional_db):
    """A thread inserts rows without pause; yields the list of rows inserted so far."""
    stopped, rows = threading.Event(), []

    def write():
        while not stopped.is_set():
            rows.append(PeriodicJob.objects.create(name=str(len(rows)), due_at=NOON))
        connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    yield rows
    stopped.set()
    thread.join()


@pytest.mark.sqlite
def test_backup_is_consistent_during_concurrent_writes(written_rows, lesson, tmp_path):
    while len(written_rows) < 50:
        threading.Event().wait(0.01)
    at_least = len(written_rows)
    call_command("backup_sqlite", tmp_path / "copy.sqlite3")
    at_most = len(written_rows) + 1
    copy = sqlite3.connect(tmp_path / "copy.sqlite3")
    assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    [(rows,)] = copy.execute("SELECT count(*) FROM common_periodicjob").fetchall()
    assert at_least <= rows <= at_most
    assert copy.execute("SELECT id FROM lessons_lesson").fetchall() == [(lesson.pk,)]
    copy.close()
    assert [file.name for file in tmp_path.iterdir()] == ["copy.sqlite3"]
    assert (tmp_path / "copy.sqlite3").stat().st_mode & 0o777 == 0o600


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_backup_to_an_existing_file_is_refused(tmp_path):
    (tmp_path / "copy").write_text("mine")
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup_sqlite", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "mine"


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_backup_into_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(CommandError, match="No backup was made"):
        call_command("backup_sqlite", tmp_path / "nowhere" / "copy")


@pytest.mark.postgres
@pytest.mark.django_db
def test_backup_of_postgresql_is_refused(tmp_path):
    with pytest.raises(CommandError, match="pg_dump"):
        call_command("backup_sqlite", tmp_path / "copy")
