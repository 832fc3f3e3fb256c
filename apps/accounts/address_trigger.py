"""Whatever changes `User.email`, a script's UPDATE too, the replaced address loses its rights.

allauth signs in and resets by its own table of addresses. User.save keeps that in step; below it
the database deletes the old primary address in the statement that replaces it.

SQLite drops the trigger when Django rebuilds the table, so a migration that alters User puts it
back by `install`; tests/test_constraints.py notices if it was forgotten.
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


def uninstall(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME} ON accounts_user")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {NAME}()")
    else:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME}")
