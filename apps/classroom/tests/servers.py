"""Room servers in processes of their own, on the test's database, for tests that kill a server or
need several."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.server import free_port

ROOT = Path(__file__).resolve().parents[3]


class ServerProcess:
    def __init__(self, redis="", port=None, log=None, database=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "uvicorn", "config.asgi:application", "--port",
                str(self.port), "--ws", "websockets-sansio", "--log-level", "error",
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": database or database_url(),
                "REDIS_URL": redis,
                "SECRET_KEY": settings.SECRET_KEY,
                "DATA_DIR": str(settings.DATA_DIR),
            },
            stderr=log,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _answers(self):
        try:
            return urllib.request.urlopen(f"{self.url}/healthz", timeout=2).status == 200
        except OSError:
            return False

    def kill(self, how=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(20)


def database_url():
    config = connection.settings_dict
    name = config["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    address = f"{config['HOST'] or '127.0.0.1'}:{config['PORT'] or 5432}"
    return f"postgres://{config['USER']}:{config['PASSWORD']}@{address}/{name}"
