"""`make test`: every test that this machine can run; at the end, what was left out and why.

STRICT=1 makes anything left out a failure. TEST_DATABASE_URL names a PostgreSQL server to use
(its database is only connected to; tests make their own), by default the local one.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
SERVICES = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "EMAIL_URL", "TURN_URLS", "TURN_SECRET")


def main() -> int:
    left_out: list[str] = []
    stages = [
        ("on SQLite", _pytest("not postgres and not redis and not browser", "-n", "2"), {}),
        ("front end", ["npm", "test", "--silent"], {}),
    ]
    if _postgres_answers():
        stages.append(
            (
                "on PostgreSQL",
                _pytest("not redis and not browser", "-n", "2"),
                {"DATABASE_URL": POSTGRES},
            )
        )
    else:
        left_out.append(
            "the tests on PostgreSQL: apt-get install postgresql, or set TEST_DATABASE_URL"
        )
    if shutil.which("redis-server"):
        stages.append(("with Redis", _pytest("redis and not browser"), {}))
    else:
        left_out.append("the tests of many processes: apt-get install redis-server")
    if shutil.which("chromium"):
        stages.append(("in Chromium", _pytest("browser"), {}))
    else:
        left_out.append("the tests in a browser: apt-get install chromium")
    if not shutil.which("turnserver"):
        left_out.append("the relayed call: apt-get install coturn")
    failed = [name for name, command, env in stages if not _run(name, command, env)]
    for line in left_out:
        print(f"Left out: {line}")
    if failed:
        print(f"Failed: {', '.join(failed)}")
    strict = os.environ.get("STRICT") == "1"
    return 1 if failed or (strict and left_out) else 0


def _pytest(markers: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", "-m", markers, *more]


def _run(name: str, command: list[str], env: dict[str, str]) -> bool:
    """Without this shell's own services, so that a run means the same everywhere."""
    print(f"== {name}", flush=True)
    clean = {key: value for key, value in os.environ.items() if key not in SERVICES}
    cwd = ROOT / "frontend" if command[0] == "npm" else ROOT
    began = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env={**clean, **env}, check=False)
    print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


def _postgres_answers() -> bool:
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
