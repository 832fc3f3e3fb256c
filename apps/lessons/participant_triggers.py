"""Database triggers of lessons and participants.

They copy a lesson's time to its participants, so that a constraint can keep each student's lessons
from overlapping (see apps/lessons/overlap.py), and refuse a participant too many. They also make a
participant of `lesson.student_id`, the only student that release 0.32 knows, which may write to the
same database during an upgrade.

SQLite drops the triggers of a table that Django rebuilds, and refuses to rebuild one that a trigger
of another table refers to. Therefore a migration that alters Lesson or Participant has to wrap its
operations in `without_triggers`.
"""

from collections.abc import Sequence
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation

from apps.common.db import sqlite_shifted
from apps.lessons import overlap, sequence_trigger

OVERLAP = "participant_no_overlap"
TOO_MANY = "lesson_has_at_most_30_students"

_POSTGRES = (
    """
ALTER TABLE lessons_participant ADD CONSTRAINT {overlap} EXCLUDE USING gist (
    int8range(student_id, student_id, '[]') WITH &&,
    tstzrange(starts_at, occupied_until) WITH &&
) WHERE (occupies)
""",
    # The row lock makes this wait for a move of the lesson and for another new participant.
    """
CREATE FUNCTION participant_copy_lesson() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT starts_at, GREATEST(starts_at, LEAST(ends_at, ended_at)),
        status <> 'cancelled' AND NOT allow_overlap AND NEW.status NOT IN {cancelled}
    INTO NEW.starts_at, NEW.occupied_until, NEW.occupies
    FROM lessons_lesson WHERE id = NEW.lesson_id FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT'
        AND (SELECT count(*) FROM lessons_participant WHERE lesson_id = NEW.lesson_id) >= 30
    THEN
        RAISE EXCEPTION 'too many students in one lesson'
            USING ERRCODE = 'check_violation', CONSTRAINT = '{too_many}';
    END IF;
    RETURN NEW;
END $$
""",
    """
CREATE TRIGGER participant_copy_lesson BEFORE INSERT OR UPDATE ON lessons_participant
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION participant_copy_lesson()
""",
    """
CREATE FUNCTION lesson_add_participants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lessons_participant
        (lesson_id, student_id, status, starts_at, occupied_until, occupies)
    SELECT id, student_id, 'booked', starts_at, GREATEST(starts_at, LEAST(ends_at, ended_at)),
        status <> 'cancelled' AND NOT allow_overlap
    FROM inserted;
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER lesson_add_participants AFTER INSERT ON lessons_lesson
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION lesson_add_participants()
""",
    """
CREATE FUNCTION lesson_update_participants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lessons_participant SET starts_at = NEW.starts_at,
        occupied_until = GREATEST(NEW.starts_at, LEAST(NEW.ends_at, NEW.ended_at)),
        occupies = NEW.status <> 'cancelled' AND NOT NEW.allow_overlap
            AND status NOT IN {cancelled}
    WHERE lesson_id = NEW.id;
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER lesson_update_participants
AFTER UPDATE OF starts_at, ends_at, ended_at, status, allow_overlap ON lessons_lesson
FOR EACH ROW WHEN (
    (OLD.starts_at, OLD.ends_at, OLD.ended_at, OLD.status, OLD.allow_overlap)
    IS DISTINCT FROM (NEW.starts_at, NEW.ends_at, NEW.ended_at, NEW.status, NEW.allow_overlap)
) EXECUTE FUNCTION lesson_update_participants()
""",
    """
CREATE FUNCTION lesson_replace_participant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM lessons_participant WHERE lesson_id = NEW.id AND student_id = NEW.student_id
    ) THEN
        DELETE FROM lessons_participant WHERE lesson_id = NEW.id AND student_id = OLD.student_id;
    ELSE
        UPDATE lessons_participant SET student_id = NEW.student_id
        WHERE lesson_id = NEW.id AND student_id = OLD.student_id;
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER lesson_replace_participant AFTER UPDATE OF student_id ON lessons_lesson
FOR EACH ROW WHEN (OLD.student_id <> NEW.student_id)
EXECUTE FUNCTION lesson_replace_participant()
""",
    """
CREATE FUNCTION lesson_delete_participants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM lessons_participant WHERE lesson_id = OLD.id;
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER lesson_delete_participants AFTER DELETE ON lessons_lesson
FOR EACH ROW EXECUTE FUNCTION lesson_delete_participants()
""",
)

_POSTGRES_TRIGGERS = {
    "participant_copy_lesson": "lessons_participant",
    "lesson_add_participants": "lessons_lesson",
    "lesson_update_participants": "lessons_lesson",
    "lesson_replace_participant": "lessons_lesson",
    "lesson_delete_participants": "lessons_lesson",
}


_SQLITE = {
    OVERLAP: """
BEFORE UPDATE OF student_id, starts_at, occupied_until, occupies ON lessons_participant
WHEN NEW.occupies AND NEW.occupied_until > NEW.starts_at AND EXISTS (
    SELECT 1 FROM lessons_participant AS other
    WHERE other.student_id = NEW.student_id AND other.id <> NEW.id AND other.occupies
      AND other.starts_at < NEW.occupied_until AND other.occupied_until > NEW.starts_at
      AND other.occupied_until > other.starts_at
      AND other.starts_at > {earliest}
)
BEGIN SELECT RAISE(ABORT, '{overlap}'); END
""",
    TOO_MANY: """
BEFORE INSERT ON lessons_participant
WHEN (SELECT count(*) FROM lessons_participant WHERE lesson_id = NEW.lesson_id) >= 30
BEGIN SELECT RAISE(ABORT, '{too_many}'); END
""",
    # SQLite cannot change a row before it is inserted; the update is what checks the overlap.
    "participant_copy_lesson_insert": """
AFTER INSERT ON lessons_participant
BEGIN
    UPDATE lessons_participant SET {copies_of_lesson}
    FROM lessons_lesson AS lesson WHERE lesson.id = NEW.lesson_id
        AND lessons_participant.id = NEW.id;
END
""",
    "participant_copy_lesson_update": """
AFTER UPDATE OF lesson_id, status ON lessons_participant
BEGIN
    UPDATE lessons_participant SET {copies_of_lesson}
    FROM lessons_lesson AS lesson WHERE lesson.id = NEW.lesson_id
        AND lessons_participant.id = NEW.id;
END
""",
    "lesson_add_participants": """
AFTER INSERT ON lessons_lesson
BEGIN
    INSERT INTO lessons_participant (lesson_id, student_id, status, occupies)
    VALUES (NEW.id, NEW.student_id, 'booked', 0);
END
""",
    "lesson_update_participants": """
AFTER UPDATE OF starts_at, ends_at, ended_at, status, allow_overlap ON lessons_lesson
BEGIN
    UPDATE lessons_participant SET {copies_of_new} WHERE lesson_id = NEW.id;
END
""",
    "lesson_replace_participant": """
AFTER UPDATE OF student_id ON lessons_lesson WHEN OLD.student_id <> NEW.student_id
BEGIN
    DELETE FROM lessons_participant WHERE lesson_id = NEW.id AND student_id = OLD.student_id
        AND EXISTS (SELECT 1 FROM lessons_participant AS other
            WHERE other.lesson_id = NEW.id AND other.student_id = NEW.student_id);
    UPDATE lessons_participant SET student_id = NEW.student_id
    WHERE lesson_id = NEW.id AND student_id = OLD.student_id;
END
""",
    "lesson_delete_participants": """
AFTER DELETE ON lessons_lesson
BEGIN
    DELETE FROM lessons_participant WHERE lesson_id = OLD.id;
END
""",
}

_VALUES = {"cancelled": "('cancelled', 'late_cancelled')", "overlap": OVERLAP, "too_many": TOO_MANY}


def _sqlite_copies(lesson: str, status: str) -> str:
    until = overlap.ACTUAL_END.sqlite.format(row=lesson)
    occupies = f"{lesson}.status <> 'cancelled' AND NOT {lesson}.allow_overlap"
    return (
        f"starts_at = {lesson}.starts_at, occupied_until = {until}, "
        f"occupies = {occupies} AND {status} NOT IN {_VALUES['cancelled']}"
    )


def _create_sqlite_trigger(name: str, trigger: str) -> str:
    body = trigger.format(
        **_VALUES,
        copies_of_lesson=_sqlite_copies("lesson", "NEW.status"),
        copies_of_new=_sqlite_copies("NEW", "status"),
        earliest=sqlite_shifted("NEW.starts_at", -12 * 3600),
    )
    return f"CREATE TRIGGER {name} {body}"


TRIGGER_NAMES = {"sqlite": tuple(_SQLITE), "postgresql": tuple(_POSTGRES_TRIGGERS)}


def install(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in _POSTGRES:
            schema_editor.execute(statement.format(**_VALUES))
    else:
        for name, trigger in _SQLITE.items():
            schema_editor.execute(_create_sqlite_trigger(name, trigger))


def uninstall(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, table in _POSTGRES_TRIGGERS.items():
            schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
            schema_editor.execute(f"DROP FUNCTION {name}()")
        schema_editor.execute(f"ALTER TABLE lessons_participant DROP CONSTRAINT {OVERLAP}")
    else:
        for name in _SQLITE:
            schema_editor.execute(f"DROP TRIGGER {name}")


def _restore(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        overlap.ACTUAL_END.install(apps, schema_editor, people=("tutor",))
        sequence_trigger.install(apps, schema_editor)
        sequence_trigger.install_participants(apps, schema_editor)
        install(apps, schema_editor)


def _remove(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        sequence_trigger.uninstall_participants(apps, schema_editor)
        uninstall(apps, schema_editor)


def without_triggers(operations: Sequence[Operation]) -> list[Operation]:
    """The operations of a migration that alters Lesson or Participant, between those that remove
    all triggers on SQLite and restore them; on PostgreSQL they stay."""
    return [
        migrations.RunPython(_remove, _restore),
        *operations,
        migrations.RunPython(_restore, _remove),
    ]
