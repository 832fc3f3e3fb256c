"""`make run`: bring the database and the static files up to date, then serve until Ctrl-C."""

from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import BaseCommand, call_command

from apps.common.http_protocol import JsonRefusals

# A frame over 1 MiB is refused by the room itself, which closes with a code that says so.
WS_MAX_SIZE = 4 * 1024 * 1024


class Command(BaseCommand):
    help = "Migrate, collect static files, make a demo school in an empty database, and serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--bare", action="store_true", help="only serve; see `prepare`")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["bare"]:
            call_command("prepare")
            call_command("make_demo_school")
        config = uvicorn.Config(
            "config.asgi:application",
            host="127.0.0.1",
            port=options["port"],
            http=JsonRefusals,
            ws="websockets-sansio",
            ws_max_size=WS_MAX_SIZE,
            ws_per_message_deflate=False,  # board frames are small, and a deflater a socket is not
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=20,
        )
        try:
            _Server(config).run()
        except KeyboardInterrupt:
            self.stdout.write("Kreida has stopped.")


class _Server(uvicorn.Server):
    """Says that it is ready once it is."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            print(f"Kreida is ready at http://127.0.0.1:{self.config.port}", flush=True)
