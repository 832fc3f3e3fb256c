"""Database trigger that deletes a replaced `User.email` from allauth's addresses.

allauth signs people in and resets passwords by its own address table. User.save keeps that table
in step; the trigger also covers updates that bypass save(), such as SQL scripts.

SQLite drops the trigger when Django rebuilds the table, so every migration that alters User must
call `install` again; tests/test_constraints.py fails if one does not.
"""

from typing import Any

NAME = "user_replaced_email"

_DELETE = """
    DELETE FROM account_emailaddress
    WHERE user_id = NEW.id AND email = OLD.email AND email <> NEW.email AND "primary";
"""

_SQLITE = f"""
CREATE TRIGGER {NAME} AFTER UPDATE OF email ON accounts_user
BEGIN {_DELETE} END
"""

_POSTGRES = f"""
CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_DELETE} RETURN NULL; END $$;
CREATE TRIGGER {NAME} AFTER UPDATE OF email ON accounts_user
FOR EACH ROW EXECUTE FUNCTION {NAME}();
"""


def install(apps: Any, schema_editor: Any) -> None:
    uninstall(apps, schema_editor)
    is_postgres = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(_POSTGRES if is_postgres else _SQLITE)


def uninstall(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME} ON accounts_user")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {NAME}()")
    else:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME}")
