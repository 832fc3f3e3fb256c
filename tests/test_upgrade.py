"""Migrating a database that the last release made and filled (tests/releases/) loses nothing."""

import os
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db.backends.sqlite3._functions import register

from tests.server import ROOT

RELEASES = ROOT / "tests/releases"
BEFORE = {
    "lessons": "SELECT id, tutor_id, student_id, classroom_id, title, starts_at, ends_at, status,"
    " allow_overlap, cancel_reason, cancelled_at, invite_generation, idempotency_key, created_at"
    " FROM lessons_lesson ORDER BY id",
    "rooms": "SELECT id, uuid, lesson_id FROM classroom_classroomsession ORDER BY id",
    "people": "SELECT id, email, first_name, last_name, role, timezone, locale FROM accounts_user"
    " ORDER BY id",
    "memberships": "SELECT id, classroom_id, student_id, invited_email, status, joined_at"
    " FROM classrooms_membership ORDER BY id",
    "log": "SELECT id, session_id, data FROM classroom_boardupdate ORDER BY id",
    "boards": "SELECT session_id, state, version FROM classroom_boardsnapshot ORDER BY 1",
    "chat": "SELECT id, session_id, person, text FROM classroom_chatmessage ORDER BY id",
    "attendance": "SELECT id, session_id, person, joined_at, left_at FROM classroom_attendance"
    " ORDER BY id",
    "bans": "SELECT id, session_id, person FROM classroom_roomban ORDER BY id",
}
PARTICIPANTS = (
    "SELECT p.lesson_id, p.student_id, p.status, p.starts_at, p.occupied_until, p.occupies,"
    " l.starts_at, l.ends_at, l.status <> 'cancelled' AND NOT l.allow_overlap, l.student_id"
    " FROM lessons_participant p JOIN lessons_lesson l ON l.id = p.lesson_id ORDER BY 1, 2"
)

# The tutor's last lesson is moved to the time of the first one.
OVERLAP = (
    "UPDATE lessons_lesson SET starts_at = (SELECT min(starts_at) FROM lessons_lesson),"
    " ends_at = (SELECT min(ends_at) FROM lessons_lesson)"
    " WHERE id = (SELECT max(id) FROM lessons_lesson WHERE tutor_id ="
    " (SELECT min(tutor_id) FROM lessons_lesson))"
)


class Sqlite:
    refusal = sqlite3.IntegrityError

    def __init__(self, folder):
        self.file = folder / "kreida.sqlite3"
        self.url = f"sqlite:///{self.file}"
        with self.connect() as database:
            database.executescript((RELEASES / "0.32-sqlite.sql").read_text())

    @contextmanager
    def connect(self):
        database = sqlite3.connect(self.file)
        register(database)  # Django's functions, which constraints call
        try:
            yield database
        finally:
            database.close()


class PostgreSQL:
    refusal = psycopg.errors.ExclusionViolation

    def __init__(self, server, name):
        self.name, self.server = name, server
        self.url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute((RELEASES / "0.32-postgresql.sql").read_text())

    def execute(self, statement):
        with psycopg.connect(self.server, autocommit=True) as database:
            database.execute(statement)

    def connect(self):
        return psycopg.connect(self.url)


@pytest.fixture(
    params=[
        pytest.param("sqlite", marks=pytest.mark.any_database),
        pytest.param("postgresql", marks=pytest.mark.postgres),
    ]
)
def released(request, tmp_path):
    if request.param == "sqlite":
        yield Sqlite(tmp_path)
        return
    made = PostgreSQL(request.getfixturevalue("postgres_url"), f"kreida_upgrade_{os.getpid()}")
    yield made
    made.execute(f"DROP DATABASE {made.name} WITH (FORCE)")


def migrate(database, folder):
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database.url, "DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def read(database, queries=BEFORE):
    with database.connect() as connection:
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def test_database_of_the_last_release_is_migrated_without_loss(released, tmp_path):
    before = read(released)
    assert len(before["lessons"]) == len(before["rooms"]) == 39
    migrate(released, tmp_path)
    assert read(released) == before
    [participants] = read(released, {"participants": PARTICIPANTS}).values()
    assert [row[:2] for row in participants] == [(row[0], row[2]) for row in before["lessons"]]
    for _lesson, student, status, start, end, occupies, *lesson in participants:
        assert [start, end, bool(occupies), student] == [*lesson[:2], bool(lesson[2]), lesson[3]]
        assert status == "booked"
    with released.connect() as connection, pytest.raises(released.refusal, match="overlap"):
        connection.execute(OVERLAP)
