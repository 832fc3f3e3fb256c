"""`make run`: bring the database and the static files up to date, then serve until Ctrl-C."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from apps.common.descriptors import raise_descriptor_limit
from apps.common.http_protocol import BoundedHttp
from apps.common.process_lock import AlreadyServedError, lock_database

# A frame over 1 MiB is refused by the room itself, which closes with a code that says so.
WS_MAX_SIZE = 4 * 1024 * 1024


class Command(BaseCommand):
    help = "Migrate, collect static files, make a demo school in an empty database, and serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--bare", action="store_true", help="only serve; see `prepare`")

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)  # what is written below DATA_DIR is for this user alone
        raise_descriptor_limit()
        _lock_sqlite()
        if not options["bare"]:
            call_command("prepare")
            call_command("make_demo_school")
        config = uvicorn.Config(
            "config.asgi:application",
            host="127.0.0.1",
            port=options["port"],
            http=BoundedHttp,
            ws="websockets-sansio",
            ws_max_size=WS_MAX_SIZE,
            ws_per_message_deflate=False,  # board frames are small, and a deflater a socket is not
            lifespan="on",
            proxy_headers=False,  # config/asgi.py does it, for any server
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=20,
        )
        try:
            _Server(config).run()
        except KeyboardInterrupt:
            self.stdout.write("Kreida has stopped.")


def _lock_sqlite() -> None:
    """Refuse to be the second process on a SQLite database, which would not hear the first."""
    if connection.vendor != "sqlite":
        return
    try:
        lock_database(
            Path(str(settings.DATABASES["default"]["NAME"])), shared=bool(settings.REDIS_URL)
        )
    except AlreadyServedError as exc:
        raise CommandError(
            "Another Kreida serves this database. Stop it first; more than one process needs "
            "REDIS_URL (and better PostgreSQL)."
        ) from exc


class _Server(uvicorn.Server):
    """Says that it is ready once it is."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            print(f"Kreida is ready at http://127.0.0.1:{self.config.port}", flush=True)
