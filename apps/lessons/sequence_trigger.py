"""Database triggers that count the changes of a lesson which calendars show (RFC 5545 SEQUENCE).

A trigger and not the services, because processes of the previous release, the admin and
`QuerySet.update` change lessons too. `sequence` never falls, also when an instance that was read
earlier is saved whole; other triggers may raise it. `updated_at` follows it.

SQLite drops the trigger when Django rebuilds the table, so a migration that alters Lesson has to
call `restore` (checked by tests/test_constraints.py).
"""

from typing import Any

NAME = "lesson_sequence"
_COLUMNS = ("starts_at", "ends_at", "title", "tutor_id", "student_id")
_SHOWN = ", ".join([f"{{row}}.{column}" for column in _COLUMNS] + ["{row}.status = 'cancelled'"])
_NEW, _OLD = _SHOWN.format(row="NEW"), _SHOWN.format(row="OLD")

_POSTGRES = f"""
CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sequence := GREATEST(
        NEW.sequence, OLD.sequence + (({_NEW}) IS DISTINCT FROM ({_OLD}))::int
    );
    NEW.updated_at := CASE
        WHEN NEW.sequence > OLD.sequence THEN clock_timestamp() ELSE OLD.updated_at
    END;
    RETURN NEW;
END $$;
CREATE TRIGGER {NAME} BEFORE UPDATE ON lessons_lesson
FOR EACH ROW EXECUTE FUNCTION {NAME}();
"""

_NEXT = f"max(NEW.sequence, OLD.sequence + (({_NEW}) IS NOT ({_OLD})))"
_SQLITE = f"""
CREATE TRIGGER {NAME} AFTER UPDATE OF {", ".join(_COLUMNS)}, status, sequence, updated_at
ON lessons_lesson
WHEN ({_NEW}, NEW.sequence, NEW.updated_at) IS NOT ({_OLD}, OLD.sequence, OLD.updated_at)
BEGIN
    UPDATE lessons_lesson SET
        sequence = {_NEXT},
        updated_at = CASE
            WHEN {_NEXT} > OLD.sequence THEN strftime('%Y-%m-%d %H:%M:%f', 'now')
            ELSE OLD.updated_at
        END
    WHERE id = NEW.id;
END
"""  # noqa: S608 (constants)


def install(apps: Any, schema_editor: Any) -> None:
    uninstall(apps, schema_editor)
    is_postgres = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(_POSTGRES if is_postgres else _SQLITE, params=None)


def restore(apps: Any, schema_editor: Any) -> None:
    """For migrations that alter Lesson, after which SQLite has lost the trigger."""
    if schema_editor.connection.vendor == "sqlite":
        install(apps, schema_editor)


def uninstall(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME} ON lessons_lesson")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {NAME}()")
    else:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME}")
