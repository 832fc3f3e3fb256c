"""Database triggers that count the changes of a lesson which calendars show (RFC 5545 SEQUENCE).

A trigger and not the services, because processes of the previous release, the admin and
`QuerySet.update` change lessons too. `sequence` never falls, also when an instance that was read
earlier is saved whole; other triggers may raise it. `updated_at` follows it.

A student who joins, leaves or cancels changes the lesson, too, but not the one with whom it is
made.

Migrations that alter Lesson or Participant have to restore the triggers on SQLite (see
apps/lessons/participant_triggers.py; checked by tests/test_constraints.py).
"""

from typing import Any

NAME = "lesson_sequence"
# Migrations install the triggers when the last ones do not exist yet.
_COLUMNS = (
    *("starts_at", "ends_at", "title", "tutor_id", "student_id"),
    *("series_id", "original_starts_at"),
)

_POSTGRES = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sequence := GREATEST(
        NEW.sequence, OLD.sequence + (({new}) IS DISTINCT FROM ({old}))::int
    );
    NEW.updated_at := CASE
        WHEN NEW.sequence > OLD.sequence THEN clock_timestamp() ELSE OLD.updated_at
    END;
    RETURN NEW;
END $$;
CREATE TRIGGER {name} BEFORE UPDATE ON lessons_lesson
FOR EACH ROW EXECUTE FUNCTION {name}();
"""

_SQLITE = """
CREATE TRIGGER {name} AFTER UPDATE OF {columns}, status, sequence, updated_at ON lessons_lesson
WHEN ({new}, NEW.sequence, NEW.updated_at) IS NOT ({old}, OLD.sequence, OLD.updated_at)
BEGIN
    UPDATE lessons_lesson SET
        sequence = max(NEW.sequence, OLD.sequence + (({new}) IS NOT ({old}))),
        updated_at = CASE
            WHEN max(NEW.sequence, OLD.sequence + (({new}) IS NOT ({old}))) > OLD.sequence
            THEN strftime('%Y-%m-%d %H:%M:%f', 'now') ELSE OLD.updated_at
        END
    WHERE id = NEW.id;
END
"""


def install(apps: Any, schema_editor: Any) -> None:
    uninstall(apps, schema_editor)
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM lessons_lesson LIMIT 0")
        existing = {column[0] for column in cursor.description}
    columns = [name for name in _COLUMNS if name in existing]
    trigger = _POSTGRES if connection.vendor == "postgresql" else _SQLITE
    statement = trigger.format(
        name=NAME,
        columns=", ".join(columns),
        new=_shown("NEW", columns),
        old=_shown("OLD", columns),
    )
    schema_editor.execute(statement, params=None)


def _shown(row: str, columns: list[str]) -> str:
    statuses = [f"{row}.status = '{status}'" for status in ("cancelled", "requested")]
    return ", ".join([*(f"{row}.{column}" for column in columns), *statuses])


def uninstall(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME} ON lessons_lesson")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {NAME}()")
    else:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME}")


PARTICIPANTS = "participant_sequence"
_RAISE = "UPDATE lessons_lesson SET sequence = sequence + 1 WHERE id = {row}.lesson_id"
_PRESENCE = "{row}.student_id, {row}.status IN ('cancelled', 'late_cancelled')"
_IS, _WAS = _PRESENCE.format(row="NEW"), _PRESENCE.format(row="OLD")
_INSERTED = f"{_RAISE.format(row='NEW')} AND student_id <> NEW.student_id"
_UPDATED, _DELETED = _RAISE.format(row="NEW"), _RAISE.format(row="OLD")

_POSTGRES_PARTICIPANTS = f"""
CREATE FUNCTION {PARTICIPANTS}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN {_INSERTED};
    ELSIF TG_OP = 'DELETE' THEN {_DELETED};
    ELSIF ({_IS}) IS DISTINCT FROM ({_WAS}) THEN {_UPDATED};
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {PARTICIPANTS} AFTER INSERT OR DELETE OR UPDATE OF status, student_id
ON lessons_participant FOR EACH ROW EXECUTE FUNCTION {PARTICIPANTS}();
"""

_SQLITE_PARTICIPANTS = {
    f"{PARTICIPANTS}_insert": f"AFTER INSERT ON lessons_participant BEGIN {_INSERTED}; END",
    f"{PARTICIPANTS}_delete": f"AFTER DELETE ON lessons_participant BEGIN {_DELETED}; END",
    f"{PARTICIPANTS}_update": f"AFTER UPDATE OF status, student_id ON lessons_participant "
    f"WHEN ({_IS}) IS NOT ({_WAS}) BEGIN {_UPDATED}; END",
}


def install_participants(apps: Any, schema_editor: Any) -> None:
    uninstall_participants(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_POSTGRES_PARTICIPANTS)
    else:
        for name, trigger in _SQLITE_PARTICIPANTS.items():
            schema_editor.execute(f"CREATE TRIGGER {name} {trigger}")


def uninstall_participants(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {PARTICIPANTS} ON lessons_participant")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {PARTICIPANTS}()")
    else:
        for name in _SQLITE_PARTICIPANTS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
