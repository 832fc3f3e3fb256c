"""No two live lessons of one person overlap, unless the tutor said so: held by the database.

PostgreSQL has exclusion constraints; `int8range(id, id, '[]')` stands in for `id WITH =`, so
that no extension (btree_gist) is needed. SQLite has triggers, which cannot race because a
SQLite database has one writer at a time. Both hold the same rule: of two live lessons that
overlap, at least one was scheduled with `allow_overlap`. A lesson that its tutor ended takes up no
time after that (`ended_at`); one that was ended before it began takes up none.

No lesson is longer than 12 hours, which the triggers say once more of the start: it lets them look
into the index on (person, starts_at) where the other lesson can be, not through the whole past.

SQLite drops the triggers when Django rebuilds the table, so a migration that alters Lesson puts
them back, as 0005 does; tests/test_constraints.py notices if it was forgotten. What the migrations
before 0005 install goes by the planned end alone.
"""

from dataclasses import dataclass
from typing import Any

from apps.common.db import sqlite_shifted

NAMES = {person: f"lesson_{person}_no_overlap" for person in ("tutor", "student")}

_LONGEST = 12 * 3600  # seconds

_POSTGRES = """
ALTER TABLE lessons_lesson ADD CONSTRAINT {name} EXCLUDE USING gist (
    int8range({person}_id, {person}_id, '[]') WITH &&,
    tstzrange(starts_at, {until}) WITH &&
) WHERE (status <> 'cancelled' AND NOT allow_overlap)
"""

_SQLITE = """
CREATE TRIGGER {name}_{event} BEFORE {when} ON lessons_lesson
WHEN NEW.status <> 'cancelled' AND NOT NEW.allow_overlap AND EXISTS (
    SELECT 1 FROM lessons_lesson AS other
    WHERE other.{person}_id = NEW.{person}_id AND other.id IS NOT NEW.id
      AND other.status <> 'cancelled' AND NOT other.allow_overlap
      AND other.starts_at < {new_until} AND {other_until} > NEW.starts_at
      AND {other_until} > other.starts_at AND {new_until} > NEW.starts_at
      AND other.starts_at > {earliest}
)
BEGIN SELECT RAISE(ABORT, '{name}'); END
"""

_SQLITE_EVENTS = ("insert", "update")
_COLUMNS = ("tutor_id", "student_id", "starts_at", "ends_at", "status", "allow_overlap")


@dataclass(frozen=True, slots=True)
class Rule:
    """Until when a lesson takes up its people's time; `{row}` stands before each column."""

    columns: tuple[str, ...]
    postgres: str
    sqlite: str

    def install(self, apps: Any, schema_editor: Any) -> None:
        uninstall(apps, schema_editor)
        for person, name in NAMES.items():
            if schema_editor.connection.vendor == "postgresql":
                until = self.postgres
                schema_editor.execute(_POSTGRES.format(person=person, name=name, until=until))
                continue
            for event in _SQLITE_EVENTS:
                schema_editor.execute(self._trigger(person, name, event))

    def put_triggers_back(self, apps: Any, schema_editor: Any) -> None:
        """For migrations that alter Lesson: SQLite makes the table anew, without its triggers."""
        if schema_editor.connection.vendor == "sqlite":
            self.install(apps, schema_editor)

    def _trigger(self, person: str, name: str, event: str) -> str:
        return _SQLITE.format(
            person=person,
            name=name,
            event=event,
            when="INSERT" if event == "insert" else f"UPDATE OF {', '.join(self.columns)}",
            earliest=sqlite_shifted("NEW.starts_at", -_LONGEST),
            new_until=self.sqlite.format(row="NEW"),
            other_until=self.sqlite.format(row="other"),
        )


PLANNED_END = Rule(_COLUMNS, "ends_at", "{row}.ends_at")
# A NULL is left out by LEAST, but makes SQLite's min NULL.
ACTUAL_END = Rule(
    (*_COLUMNS, "ended_at"),
    "GREATEST(starts_at, LEAST(ends_at, ended_at))",
    "max({row}.starts_at, min({row}.ends_at, coalesce({row}.ended_at, {row}.ends_at)))",
)

# As the migrations before 0005 know them.
install = PLANNED_END.install
put_triggers_back = PLANNED_END.put_triggers_back


def uninstall(apps: Any, schema_editor: Any) -> None:
    for name in NAMES.values():
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE lessons_lesson DROP CONSTRAINT IF EXISTS {name}")
            continue
        for event in _SQLITE_EVENTS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}_{event}")
