"""Prepares the database and static files, then serves until Ctrl-C (`make run`)."""

import os
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from apps.common.file_descriptors import raise_descriptor_limit
from apps.common.http_protocol import BoundedHttp
from apps.common.process_lock import AlreadyServedError, PostgresLock, lock_database
from apps.common.releases import refuse_newer_database

# The room closes the socket on frames over 1 MiB with a code of its own; this is a last resort.
WS_MAX_SIZE = 4 * 1024 * 1024


class Command(BaseCommand):
    help = "Migrate, collect static files, create demo data in an empty database, and serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--bare", action="store_true", help="only serve; see `prepare`")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["port"] <= 65535:
            raise CommandError("--port must be a whole number from 1 to 65535.")
        os.umask(0o077)  # files in DATA_DIR are private to this user
        raise_descriptor_limit()
        lock_or_refuse()
        check_port(options["port"])
        _check_release()
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
            ws_per_message_deflate=False,  # frames are small, a compressor per socket is not
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


def lock_or_refuse() -> None:
    """Refuse a second process on a database without Redis: they could not share rooms."""
    shared = bool(settings.REDIS_URL)
    try:
        if connection.vendor == "sqlite":
            lock_database(Path(str(settings.DATABASES["default"]["NAME"])), shared=shared)
        else:
            PostgresLock.current = PostgresLock(shared=shared)
            PostgresLock.current.acquire(on_wait=_say_waiting)
    except AlreadyServedError as exc:
        raise CommandError(
            "Another Kreida serves this database. Stop it first; more than one process needs "
            "REDIS_URL (and better PostgreSQL), the same for all of them."
        ) from exc
    except OSError as exc:
        raise CommandError(
            f"The database of DATABASE_URL (by default in DATA_DIR) cannot be used: {exc}"
        ) from exc


def _check_release() -> None:
    """Refuse a newer database. One that is away cannot be asked, and may come back."""
    lock = PostgresLock.current
    if lock is None or lock.is_held:
        refuse_newer_database()


def check_port(port: int) -> None:
    """Refuse a port that cannot be used before the database is prepared."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise CommandError(
                f"Port {port} cannot be used: {exc.strerror}. Stop the program that uses it, or "
                "set PORT to another number."
            ) from exc


def _say_waiting() -> None:
    print("Another Kreida serves this database. Waiting for it to stop…", flush=True)


class _Server(uvicorn.Server):
    """Prints the address once it accepts connections."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            print(f"Kreida is ready at http://127.0.0.1:{self.config.port}", flush=True)
