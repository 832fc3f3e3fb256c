"""The database of DATABASE_URL: SQLite or PostgreSQL, and their options."""

import difflib
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

import environ

from config.environment import setting_error, split_url, text


def database(folder: Path) -> dict[str, object]:
    """Return Django's settings of the database. Errors never repeat the value with its password."""
    value = text("DATABASE_URL")
    if not value:
        return _sqlite((folder / "kreida.sqlite3").resolve())
    expected = "like postgres://user:password@host:5432/name or sqlite:////folder/file.sqlite3"
    parts = split_url("DATABASE_URL", expected, value)
    if parts.fragment or parts.scheme not in ("sqlite", "postgres", "postgresql"):
        hint = " (write # ? and / in a password as %23 %3F and %2F)"
        raise setting_error("DATABASE_URL", expected + hint)
    if parts.scheme == "sqlite":
        return _sqlite(_sqlite_file(parts, expected))
    if "\0" in unquote(value):
        raise setting_error("DATABASE_URL", f"{expected}, without null characters")
    config: dict[str, object] = environ.Env.db_url_config(value)  # type: ignore[no-untyped-call]
    if not config.get("NAME"):
        raise setting_error("DATABASE_URL", f"{expected}, with the name of a database")
    _check_database_options(dict(parse_qsl(parts.query, keep_blank_values=True)))
    return _postgresql(config)


def _sqlite_file(parts: SplitResult, expected: str) -> Path:
    """Return the file without symbolic links, so that every process uses the same lock file."""
    path = unquote(parts.path).removeprefix("/")
    if parts.netloc or not path.startswith("/") or "\0" in path:
        raise setting_error("DATABASE_URL", f"{expected}, with the absolute path of a file")
    if parts.query:
        raise setting_error("DATABASE_URL", f"{expected}; SQLite takes no options")
    try:
        file = Path(path).resolve()
        is_usable = file.parent.is_dir() and not file.is_dir()
    except (OSError, RuntimeError):  # a path too long, a circle of symbolic links
        is_usable = False
    if not is_usable:
        raise setting_error("DATABASE_URL", "a file in a folder that exists")
    return file


def _sqlite(file: Path) -> dict[str, object]:
    return {
        "ENGINE": "apps.common.sqlite3",
        "NAME": str(file),
        "CONN_MAX_AGE": 60,
        # IMMEDIATE acquires the write lock before the first read of a transaction, so that
        # read-then-write in one transaction cannot interleave with another's.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def _postgresql(config: dict[str, object]) -> dict[str, object]:
    options = {
        # Repeated statements are parsed and planned once per connection (docs/performance.md).
        "server_side_binding": True,
        "prepare_threshold": 5,
        # A server that hangs blocks a thread for this long, then the request gets a 503.
        "connect_timeout": 3,
        "tcp_user_timeout": 10_000,
        # Longer than statement_timeout, so that it only applies if the server hangs.
        "answer_timeout": 20,
        "options": "-c statement_timeout=15s -c lock_timeout=5s"
        " -c idle_in_transaction_session_timeout=60s",
    }
    given: Any = config.get("OPTIONS", {})
    if "options" in given:  # the last value of a setting wins
        given["options"] = f"{options['options']} {given['options']}"
    options |= given
    config.update(
        ENGINE="apps.common.postgresql",
        CONN_MAX_AGE=60,
        CONN_HEALTH_CHECKS=True,
        OPTIONS=options,
    )
    return config


_PG_NUMBERS = (
    *("answer_timeout", "connect_timeout", "tcp_user_timeout"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
)
_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_PG_CHOICES = {
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
    "ssl_max_protocol_version": _TLS_VERSIONS,
    "ssl_min_protocol_version": _TLS_VERSIONS,
    "sslcertmode": ("disable", "allow", "require"),
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": (
        *("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    ),
}
_PG_TEXTS = (
    *("application_name", "assume_role", "gsslib", "host", "hostaddr", "krbsrvname", "options"),
    *("passfile", "require_auth", "requirepeer", "service", "sslcert", "sslcrl", "sslcrldir"),
    *("sslkey", "sslpassword", "sslrootcert", "sslsni"),
)


def _check_database_options(given: dict[str, str]) -> None:
    """Check the query of DATABASE_URL: useful options of libpq, and `answer_timeout` and
    `assume_role`."""
    for name, value in given.items():
        where = f"an address in which {name!r}"
        if name in _PG_CHOICES:
            if value not in _PG_CHOICES[name]:
                raise setting_error(
                    "DATABASE_URL", f"{where} is one of {', '.join(_PG_CHOICES[name])}"
                )
        elif name in _PG_NUMBERS:
            lowest = 0 if name == "keepalives" else 1  # a timeout of 0 would be none, or at once
            is_number = value.isascii() and value.isdecimal()
            if not (is_number and lowest <= int(value[:20]) < 2**31):
                raise setting_error("DATABASE_URL", f"{where} is a whole number from {lowest}")
        elif name not in _PG_TEXTS:
            known = sorted((*_PG_CHOICES, *_PG_NUMBERS, *_PG_TEXTS))
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}" if close else f"known are {', '.join(known)}"
            raise setting_error("DATABASE_URL", f"an address without the option {name!r} ({hint})")
