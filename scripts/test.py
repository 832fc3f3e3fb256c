"""`make test`: run every test that this machine can; list what is left out before and after.

STRICT=1 makes anything left out a failure. TEST_DATABASE_URL names a PostgreSQL server whose
user may create databases; by default the local one.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
# Settings of a server, which tests must not inherit from this shell.
SERVER_SETTINGS = (
    *("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "EMAIL_URL", "TURN_URLS", "TURN_SECRET"),
    *(
        "BACKUP_DIR",
        "DATA_DIR",
        "PORT",
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "TRUSTED_PROXIES",
        "HSTS",
        "THROTTLING",
    ),
    *("STORAGE_QUOTA_MB", "SIGN_UP", "SCHOOL_NAME", "LOGO_FILE", "PRIVACY_FILE"),
    *("EXTERNAL_CALENDARS", "PUSH_SERVICES", "TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL"),
    *("KEEP_CHAT_DAYS", "KEEP_VERSIONS_DAYS"),
    *("METRICS_TOKEN", "MONOBANK_TOKEN", "MONOBANK_API_URL"),
)
# Without cached bytecode each of the many processes that tests start compiles the whole program.
UNSET = {*SERVER_SETTINGS, "PYTHONDONTWRITEBYTECODE"}
CORES = min(os.cpu_count() or 2, 4)


def _is_postgres_reachable() -> bool:
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _is_installed(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


# By pytest marker: whether its requirement is available, and how to install it.
REQUIREMENTS: dict[str, tuple[Callable[[], bool], str]] = {
    "postgres": (_is_postgres_reachable, "apt-get install postgresql, or set TEST_DATABASE_URL"),
    "redis": (_is_installed("redis-server"), "apt-get install redis-server"),
    "browser": (_is_installed("chromium"), "apt-get install chromium"),
    "turn": (_is_installed("turnserver"), "apt-get install coturn"),
    "systemd": (_is_installed("systemd-analyze"), "apt-get install systemd"),
    "nginx": (_is_installed("nginx"), "apt-get install nginx-light"),
    "promtool": (_is_installed("promtool"), "apt-get install prometheus"),
    "sqlite_tool": (_is_installed("sqlite3"), "apt-get install sqlite3"),
}


def main() -> int:
    missing = [
        marker for marker, (is_available, _hint) in REQUIREMENTS.items() if not is_available()
    ]

    def pytest(expression: str, *options: str) -> list[str]:
        markers = " and ".join([expression, *(f"not {marker}" for marker in missing)])
        return [sys.executable, "-m", "pytest", "-q", "-m", markers, *options]

    # More than the cores, since many tests wait; those with a browser or Redis rarely do. Browser
    # tests are not even imported, which would take a second and a half per worker.
    workers = min(CORES + 2, 5)  # PostgreSQL's 100 connections suffice for five
    in_parallel = ("-n", str(workers), "--dist", "loadgroup", "--ignore", "tests/browser")
    by_file = ("-n", str(CORES), "--dist", "loadfile")
    database = {} if "postgres" in missing else {"DATABASE_URL": POSTGRES}
    stages: list[tuple[str, list[str], dict[str, str]]] = [
        ("front end", ["npm", "test", "--silent"], {}),
        ("on SQLite", pytest("not postgres and not redis and not browser", *in_parallel), {}),
    ]
    if "postgres" not in missing:
        on_postgres = pytest("not redis and not browser and not any_database", *in_parallel)
        stages.append(("on PostgreSQL", on_postgres, database))
    if "redis" not in missing:
        stages.append(("with Redis", pytest("redis and not browser", *by_file), database))
    if "browser" not in missing:
        stages.append(("in Chromium", pytest("browser", *by_file), {}))
    _print_missing(missing)
    failed = []
    for number, (name, command, env) in enumerate(stages, 1):
        if not _run(f"{number}/{len(stages)} {name}", command, env):
            failed.append(name)
    _print_missing(missing)
    if failed:
        print(f"Failed: {', '.join(failed)}")
    strict = os.environ.get("STRICT") == "1"
    return 1 if failed or (strict and missing) else 0


def _print_missing(missing: list[str]) -> None:
    for marker in missing:
        hint = REQUIREMENTS[marker][1]
        print(f"Left out: the tests that need {marker}. To add them: {hint}", flush=True)


def _run(name: str, command: list[str], env: dict[str, str]) -> bool:
    print(f"== {name}", flush=True)
    clean = {key: value for key, value in os.environ.items() if key not in UNSET}
    cwd = ROOT / "frontend" if command[0] == "npm" else ROOT
    started = time.monotonic()
    process = subprocess.run(command, cwd=cwd, env={**clean, **env}, check=False)
    print(f"== {name}: {time.monotonic() - started:.0f} s", flush=True)
    return process.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
