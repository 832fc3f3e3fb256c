"""Database constraints that keep the lessons of one person from overlapping.

Of two lessons of a tutor or a student that overlap and are not cancelled, at least one must have
`allow_overlap`. A lesson occupies its time until `ended_at` if the tutor ended it early, and no
time at all if it was ended before it started.

This module has the tutor's constraint, and the one of `lesson.student_id` that stood there before
lessons had participants (0014 removed it); apps/lessons/participant_triggers.py has the students'.

PostgreSQL uses exclusion constraints, with `int8range(id, id, '[]')` in place of `id WITH =`, which
would need the btree_gist extension. SQLite uses triggers; they cannot race, because a SQLite
database has one writer at a time. A lesson lasts 12 hours at most, so the triggers also bound
`starts_at` from below, which lets them use the index on (person, starts_at).

SQLite drops the triggers when Django rebuilds the table, so a migration that alters Lesson has to
restore them by `participant_triggers.without_triggers` (checked by tests/test_constraints.py).
Migrations before 0005 use the planned end only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.common.db import sqlite_shifted

CONSTRAINT_NAMES = {person: f"lesson_{person}_no_overlap" for person in ("tutor", "student")}

_MAX_SECONDS = 12 * 3600

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
class OverlapRule:
    """The SQL for the end of a lesson's occupied time; `{row}` is the row's name in a trigger.

    `columns` are those whose change fires the trigger on update.
    """

    columns: tuple[str, ...]
    postgres: str
    sqlite: str

    def install(
        self, apps: Any, schema_editor: Any, people: Iterable[str] = tuple(CONSTRAINT_NAMES)
    ) -> None:
        uninstall(apps, schema_editor, people)
        for person in people:
            name = CONSTRAINT_NAMES[person]
            if schema_editor.connection.vendor == "postgresql":
                until = self.postgres
                schema_editor.execute(_POSTGRES.format(person=person, name=name, until=until))
                continue
            for event in _SQLITE_EVENTS:
                schema_editor.execute(self._trigger(person, name, event))

    def restore_triggers(self, apps: Any, schema_editor: Any) -> None:
        """For migrations that alter Lesson, after which SQLite has lost the triggers."""
        if schema_editor.connection.vendor == "sqlite":
            self.install(apps, schema_editor)

    def _trigger(self, person: str, name: str, event: str) -> str:
        return _SQLITE.format(
            person=person,
            name=name,
            event=event,
            when="INSERT" if event == "insert" else f"UPDATE OF {', '.join(self.columns)}",
            earliest=sqlite_shifted("NEW.starts_at", -_MAX_SECONDS),
            new_until=self.sqlite.format(row="NEW"),
            other_until=self.sqlite.format(row="other"),
        )


PLANNED_END = OverlapRule(_COLUMNS, "ends_at", "{row}.ends_at")
# PostgreSQL's LEAST ignores NULL, SQLite's min returns it.
ACTUAL_END = OverlapRule(
    (*_COLUMNS, "ended_at"),
    "GREATEST(starts_at, LEAST(ends_at, ended_at))",
    "max({row}.starts_at, min({row}.ends_at, coalesce({row}.ended_at, {row}.ends_at)))",
)

# Used by the migrations before 0005.
install = PLANNED_END.install
restore_triggers = PLANNED_END.restore_triggers


def uninstall(
    _apps: Any, schema_editor: Any, people: Iterable[str] = tuple(CONSTRAINT_NAMES)
) -> None:
    for name in (CONSTRAINT_NAMES[person] for person in people):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE lessons_lesson DROP CONSTRAINT IF EXISTS {name}")
            continue
        for event in _SQLITE_EVENTS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}_{event}")
