"""No two live lessons of one person overlap, unless the tutor said so: held by the database.

PostgreSQL has exclusion constraints; `int8range(id, id, '[]')` stands in for `id WITH =`, so
that no extension (btree_gist) is needed. SQLite has triggers, which cannot race because a
SQLite database has one writer at a time. Both hold the same rule: of two live lessons that
overlap, at least one was scheduled with `allow_overlap`.

No lesson is longer than 12 hours, which the triggers say once more of the start: it lets them look
into the index on (person, starts_at) where the other lesson can be, not through the whole past.

SQLite drops the triggers when Django rebuilds the table, so a migration that alters Lesson puts
them back, as 0003 does; tests/test_constraints.py notices if it was forgotten.
"""

from typing import Any

from apps.common.db import sqlite_shifted

NAMES = {person: f"lesson_{person}_no_overlap" for person in ("tutor", "student")}

_LONGEST = 12 * 3600  # seconds

_POSTGRES = """
ALTER TABLE lessons_lesson ADD CONSTRAINT {name} EXCLUDE USING gist (
    int8range({person}_id, {person}_id, '[]') WITH &&,
    tstzrange(starts_at, ends_at) WITH &&
) WHERE (status <> 'cancelled' AND NOT allow_overlap)
"""

_SQLITE = """
CREATE TRIGGER {name}_{event} BEFORE {when} ON lessons_lesson
WHEN NEW.status <> 'cancelled' AND NOT NEW.allow_overlap AND EXISTS (
    SELECT 1 FROM lessons_lesson AS other
    WHERE other.{person}_id = NEW.{person}_id AND other.id IS NOT NEW.id
      AND other.status <> 'cancelled' AND NOT other.allow_overlap
      AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
      AND other.starts_at > {earliest}
)
BEGIN SELECT RAISE(ABORT, '{name}'); END
"""

_SQLITE_EVENTS = {
    "insert": "INSERT",
    "update": "UPDATE OF tutor_id, student_id, starts_at, ends_at, status, allow_overlap",
}


def install(apps: Any, schema_editor: Any) -> None:
    uninstall(apps, schema_editor)
    for person, name in NAMES.items():
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(_POSTGRES.format(person=person, name=name))
            continue
        for event, when in _SQLITE_EVENTS.items():
            schema_editor.execute(_sqlite_trigger(person, name, event, when))


def put_triggers_back(apps: Any, schema_editor: Any) -> None:
    """For migrations that alter Lesson: SQLite makes the table anew, without its triggers."""
    if schema_editor.connection.vendor == "sqlite":
        install(apps, schema_editor)


def _sqlite_trigger(person: str, name: str, event: str, when: str) -> str:
    earliest = sqlite_shifted("NEW.starts_at", -_LONGEST)
    return _SQLITE.format(person=person, name=name, event=event, when=when, earliest=earliest)


def uninstall(apps: Any, schema_editor: Any) -> None:
    for name in NAMES.values():
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE lessons_lesson DROP CONSTRAINT IF EXISTS {name}")
            continue
        for event in _SQLITE_EVENTS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}_{event}")
