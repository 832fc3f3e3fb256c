"""The database trigger that refuses an entry dated into a closed month.

Entries are dated by the clock, so that a correction of a closed month becomes an entry of the open
one by itself; the trigger holds this against whatever else writes to the database.
"""

from typing import Any

NAME = "account_entry_month_is_open"

_IS_CLOSED = """EXISTS (
    SELECT 1 FROM billing_closedmonth AS closed
    JOIN billing_account AS account ON account.tutor_id = closed.tutor_id
    WHERE account.id = NEW.account_id
      AND closed.starts_at <= NEW.created_at AND NEW.created_at < closed.ends_at
)"""
_POSTGRES = f"""
CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {_IS_CLOSED} THEN
        RAISE EXCEPTION 'the month of this entry is closed'
            USING ERRCODE = 'check_violation', CONSTRAINT = '{NAME}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER {NAME} BEFORE INSERT ON billing_accountentry
FOR EACH ROW EXECUTE FUNCTION {NAME}();
"""
_SQLITE = f"""
CREATE TRIGGER {NAME} BEFORE INSERT ON billing_accountentry WHEN {_IS_CLOSED}
BEGIN SELECT RAISE(ABORT, '{NAME}'); END
"""


def install(apps: Any, schema_editor: Any) -> None:
    uninstall(apps, schema_editor)
    is_postgres = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(_POSTGRES if is_postgres else _SQLITE, params=None)


def uninstall(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME} ON billing_accountentry")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {NAME}")
    else:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME}")
