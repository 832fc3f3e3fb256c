"""The database constraint that keeps the held slots of one tutor from overlapping.

As of lessons (apps/lessons/overlap.py): an exclusion constraint on PostgreSQL, triggers on SQLite,
where a database has one writer at a time. A migration that alters SlotHold has to install it again,
since SQLite drops the triggers when Django rebuilds the table.
"""

from typing import Any

NAME = "slot_hold_no_overlap"
_POSTGRES = f"""
ALTER TABLE booking_slothold ADD CONSTRAINT {NAME} EXCLUDE USING gist (
    int8range(tutor_id, tutor_id, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&
)
"""
_SQLITE = """
CREATE TRIGGER {name}_{event} BEFORE {event} ON booking_slothold
WHEN EXISTS (
    SELECT 1 FROM booking_slothold AS other
    WHERE other.tutor_id = NEW.tutor_id AND other.id IS NOT NEW.id
      AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
)
BEGIN SELECT RAISE(ABORT, '{name}'); END
"""
_EVENTS = ("insert", "update")


def install(apps: Any, schema_editor: Any) -> None:
    uninstall(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_POSTGRES)
        return
    for event in _EVENTS:
        schema_editor.execute(_SQLITE.format(name=NAME, event=event))


def uninstall(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE booking_slothold DROP CONSTRAINT IF EXISTS {NAME}")
        return
    for event in _EVENTS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME}_{event}")
