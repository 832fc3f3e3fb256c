"""Database triggers that refuse to change or delete what accounts are made of.

A trigger and not only the services, because the admin, a shell and a program of one's own write to
the same database. They also refuse a second charge of one student for one lesson while the first
one has not been reversed.

A migration that alters one of these tables has to install the triggers again on SQLite, which
drops them with the table that Django rebuilds (checked by apps/billing/tests/test_append_only.py).
"""

from typing import Any

TABLES = {
    "billing_cancellationpolicy": "cancellation_policy_append_only",
    "billing_cancellationdecision": "cancellation_decision_append_only",
    "billing_accountentry": "account_entry_append_only",
    "billing_rate": "rate_append_only",
}
ONE_CHARGE = "account_entry_one_charge"

_POSTGRES = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of {table} is not allowed', TG_OP
        USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
END $$;
CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {name}();
"""
_SQLITE = """
CREATE TRIGGER {name}_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, '{name}'); END
"""
_EVENTS = ("update", "delete")

_NOT_REVERSED = """
NEW.charge_number > 1 AND NOT EXISTS (
    SELECT 1 FROM billing_accountentry AS charge
    JOIN billing_accountentry AS reversal ON reversal.reverses_id = charge.id
    WHERE charge.account_id = NEW.account_id AND charge.lesson_id = NEW.lesson_id
      AND charge.charge_number = NEW.charge_number - 1
)
"""
_POSTGRES_ONE_CHARGE = f"""
CREATE FUNCTION {ONE_CHARGE}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {_NOT_REVERSED} THEN
        RAISE EXCEPTION 'the charge before this one was not reversed'
            USING ERRCODE = 'check_violation', CONSTRAINT = '{ONE_CHARGE}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER {ONE_CHARGE} BEFORE INSERT ON billing_accountentry
FOR EACH ROW EXECUTE FUNCTION {ONE_CHARGE}();
"""
_SQLITE_ONE_CHARGE = f"""
CREATE TRIGGER {ONE_CHARGE} BEFORE INSERT ON billing_accountentry WHEN {_NOT_REVERSED}
BEGIN SELECT RAISE(ABORT, '{ONE_CHARGE}'); END
"""


def trigger_names(vendor: str) -> set[str]:
    if vendor == "postgresql":
        return {*TABLES.values(), ONE_CHARGE}
    return {f"{name}_{event}" for name in TABLES.values() for event in _EVENTS} | {ONE_CHARGE}


def install(apps: Any, schema_editor: Any) -> None:
    uninstall(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        for table, name in TABLES.items():
            schema_editor.execute(_POSTGRES.format(name=name, table=table), params=None)
        schema_editor.execute(_POSTGRES_ONE_CHARGE, params=None)
    else:
        for table, name in TABLES.items():
            for event in _EVENTS:
                schema_editor.execute(_SQLITE.format(name=name, table=table, event=event))
        schema_editor.execute(_SQLITE_ONE_CHARGE)


def uninstall(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table, name in [*TABLES.items(), ("billing_accountentry", ONE_CHARGE)]:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}()")
    else:
        for name in sorted(trigger_names("sqlite")):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
