"""`make soak`: rooms of two draw, write and come back for minutes while their two processes are
killed and started again; at the end every board is to be whole everywhere. See docs/soak.md."""

import argparse
import asyncio
import os
import re
import secrets
import sys
import tempfile

import django
import psycopg
from django.core.management import call_command

POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
SETTINGS = ("REDIS_URL", "PUBLIC_URL", "EMAIL_URL", "ALLOWED_HOSTS", "TURN_URLS", "THROTTLING")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    options.add_argument("--rooms", type=int, default=50)
    options.add_argument("--minutes", type=float, default=3)
    options.add_argument("--pace", type=float, default=4, help="updates a second and person")
    options.add_argument("--kill-every", type=float, default=12, help="seconds, on average")
    asked = options.parse_args()
    name = f"kreida_soak_{secrets.token_hex(4)}"
    with (
        tempfile.TemporaryDirectory() as folder,
        psycopg.connect(POSTGRES, autocommit=True) as server,
    ):
        server.execute(f"CREATE DATABASE {name}")
        try:
            set_up(folder, re.sub(r"/[^/]*$", f"/{name}", POSTGRES))
            from bench.soaking import Soak  # noqa: PLC0415  (Django has to be set up)

            return asyncio.run(Soak(asked).run())
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def set_up(folder: str, database: str) -> None:
    """Production's settings, throttling and all."""
    for name in SETTINGS:
        os.environ.pop(name, None)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        DATA_DIR=folder,
        SECRET_KEY=secrets.token_urlsafe(64),
        DATABASE_URL=database,
    )
    django.setup()
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
