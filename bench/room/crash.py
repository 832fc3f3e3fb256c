"""How much of a drawing that others received is lost by kill -9 while threads schedule lessons.

Measured with the write queue, and as the control with SQLite's busy timeout alone.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from django.test import Client
from pycrdt import Map

from apps.accounts.models import User
from apps.classroom import board_log
from apps.classroom.models import ClassroomSession
from apps.classroom.realtime.board.yproto import UPDATE, sync_frame
from bench.room import post_lessons, servers
from bench.room.data import STUDENT, TUTOR, make_stroke_updates
from bench.room.servers import Server

QUEUE, CONTROL = "with the write queue", "without it (the control)"
SETTINGS = {QUEUE: "config.settings", CONTROL: "bench.room.plain_sqlite"}
STROKE_INTERVAL = 0.01  # seconds between two strokes
MIN_POSTING, MAX_POSTING = 1.5, 3.0  # seconds before the kill
GOAL = 250  # ms
_days = count(step=post_lessons.THREADS * post_lessons.DAYS_EACH)


@dataclass
class Losses:
    """Results of all kills of one server. For each kill, `lost_ms` holds the age in milliseconds
    of the oldest stroke that was broadcast but not stored."""

    lost_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


def measure(database_url: str, rooms: Iterator[str], rounds: int) -> dict[str, Losses]:
    """Run the kills; `database_url` must be this process's own database."""
    client = Client()
    client.force_login(
        User.objects.get(pk=TUTOR), "allauth.account.auth_backends.AuthenticationBackend"
    )
    cookie = client.cookies["sessionid"].value
    losses_by_server = {name: Losses() for name in SETTINGS}
    for _ in range(rounds):
        for name, losses in losses_by_server.items():
            with servers.kreida(
                database_url, settings=SETTINGS[name], log=subprocess.DEVNULL
            ) as server:
                asyncio.run(_crash(server, next(rooms), cookie, losses))
    return losses_by_server


async def _crash(server: Server, room: str, cookie: str, losses: Losses) -> None:
    drawing_peer = await server.connect(room, writer=b"A")
    viewing_peer = await server.connect(room, writer=b"B")
    received_at: dict[bytes, float] = {}
    viewing_peer.on_stamp = received_at.setdefault
    drawing = asyncio.create_task(_draw(drawing_peer))
    with _posting_lessons(server, cookie, losses):
        started_at = time.perf_counter()
        await asyncio.sleep(random.uniform(MIN_POSTING, MAX_POSTING))
        os.kill(server.pid, signal.SIGKILL)
        killed_at = time.perf_counter()
    losses.seconds += killed_at - started_at
    drawing.cancel()
    await asyncio.gather(drawing, return_exceptions=True)
    stored_stamps = await asyncio.to_thread(_load_stored_stamps, room)
    lost_at = [
        at for stamp, at in received_at.items() if stamp not in stored_stamps and at < killed_at
    ]
    assert len(received_at) > MIN_POSTING / STROKE_INTERVAL / 2, "too few strokes were broadcast"
    losses.lost_ms.append((killed_at - min(lost_at, default=killed_at)) * 1000)


async def _draw(peer: object) -> None:
    start = time.perf_counter()
    for number, update in enumerate(make_stroke_updates(b"A", 2000)):
        await asyncio.sleep(max(0, start + number * STROKE_INTERVAL - time.perf_counter()))
        peer.send(sync_frame(UPDATE, update))


def _load_stored_stamps(room: str) -> set[bytes]:
    session = ClassroomSession.objects.get(uuid=room)
    elements = board_log.load_document(session.pk).get("elements:1", type=Map)
    return {f"A{int(name[1:]):06}".encode() for name in elements if name.startswith("A")}


@contextmanager
def _posting_lessons(server: Server, cookie: str, losses: Losses) -> Iterator[None]:
    arguments = [str(server.port), cookie, str(STUDENT), str(next(_days))]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.room.post_lessons", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield
    finally:
        process.kill()
        output = process.communicate()[0]
    losses.statuses.update(int(line) for line in output.split() if line)
