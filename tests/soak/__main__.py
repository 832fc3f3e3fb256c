"""`make soak`: simulate lessons while both server processes are killed and restarted.

Fails unless every board and chat is complete in the end, on all clients and in the database: see
docs/soak.md.
"""

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

POSTGRES_URL = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
CLEARED_VARIABLES = (
    "REDIS_URL",
    "PUBLIC_URL",
    "EMAIL_URL",
    "ALLOWED_HOSTS",
    "TURN_URLS",
    "THROTTLING",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--pace", type=float, default=4, help="updates per second and user")
    parser.add_argument(
        "--kill-every", type=float, default=12, help="average seconds between two kills"
    )
    arguments = parser.parse_args()
    name = f"kreida_soak_{secrets.token_hex(4)}"
    with (
        tempfile.TemporaryDirectory() as folder,
        psycopg.connect(POSTGRES_URL, autocommit=True) as server,
    ):
        server.execute(f"CREATE DATABASE {name}")
        try:
            set_up_django(folder, re.sub(r"/[^/]*$", f"/{name}", POSTGRES_URL))
            from tests.soak.simulation import Soak  # after django.setup()

            return asyncio.run(Soak(arguments).run())
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def set_up_django(folder: str, database: str) -> None:
    """Set up Django with production settings, including throttling, and migrate."""
    for name in CLEARED_VARIABLES:
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
