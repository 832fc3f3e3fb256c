"""Sends queued mail and reminders until it is stopped, without serving (`deploy/`)."""

import asyncio
import contextlib
import os
import signal
from typing import Any

from django.core.management import BaseCommand
from django.db import DatabaseError

from apps.common.releases import refuse_newer_database
from apps.common.supervisor import supervise
from apps.common.worker import Worker
from config.jobs import DELIVERY


class Command(BaseCommand):
    help = "Send queued mail and reminders, beside the processes that serve."

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)  # files in DATA_DIR are private to this user
        with contextlib.suppress(DatabaseError):  # it may come back
            refuse_newer_database()
        asyncio.run(_work_until_stopped())
        self.stdout.write("Kreida's worker has stopped.")


async def _work_until_stopped() -> None:
    """Finish the message that is being sent when a signal arrives."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    task = supervise("worker", Worker(DELIVERY).run)
    print("Kreida's worker is running.", flush=True)
    await stop.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
