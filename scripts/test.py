"""`make test`: every test that this machine can run; first and last, what is left out and why.

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
# What a server is told by its environment; a test must not hear it from this shell.
SERVER_SETTINGS = (
    *("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "EMAIL_URL", "TURN_URLS", "TURN_SECRET"),
    *("DATA_DIR", "PORT", "SECRET_KEY", "ALLOWED_HOSTS", "THROTTLING"),
)


def _postgres_answers() -> bool:
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _has(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


# By pytest marker: what a test with it needs, and what would bring that.
NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "postgres": (_postgres_answers, "apt-get install postgresql, or set TEST_DATABASE_URL"),
    "redis": (_has("redis-server"), "apt-get install redis-server"),
    "browser": (_has("chromium"), "apt-get install chromium"),
    "turn": (_has("turnserver"), "apt-get install coturn"),
    "systemd": (_has("systemd-analyze"), "apt-get install systemd"),
    "nginx": (_has("nginx"), "apt-get install nginx-light"),
}


def main() -> int:
    missing = [marker for marker, (is_there, _hint) in NEEDS.items() if not is_there()]

    def pytest(expression: str, *options: str) -> list[str]:
        markers = " and ".join([expression, *(f"not {marker}" for marker in missing)])
        return [sys.executable, "-m", "pytest", "-q", "-m", markers, *options]

    two = ("-n", "2", "--dist", "loadgroup")
    database = {} if "postgres" in missing else {"DATABASE_URL": POSTGRES}
    stages: list[tuple[str, list[str], dict[str, str]]] = [
        ("front end", ["npm", "test", "--silent"], {}),
        ("on SQLite", pytest("not postgres and not redis and not browser", *two), {}),
    ]
    if "postgres" not in missing:
        on_postgres = pytest("not redis and not browser and not any_database", *two)
        stages.append(("on PostgreSQL", on_postgres, database))
    if "redis" not in missing:
        stages.append(("with Redis", pytest("redis and not browser"), database))
    if "browser" not in missing:
        stages.append(("in Chromium", pytest("browser", "-n", "2", "--dist", "loadfile"), {}))
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
        hint = NEEDS[marker][1]
        print(f"Left out: the tests that need {marker}. To add them: {hint}", flush=True)


def _run(name: str, command: list[str], env: dict[str, str]) -> bool:
    print(f"== {name}", flush=True)
    clean = {key: value for key, value in os.environ.items() if key not in SERVER_SETTINGS}
    cwd = ROOT / "frontend" if command[0] == "npm" else ROOT
    began = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env={**clean, **env}, check=False)
    print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
