"""What a kill -9 takes of a drawing that others have seen, while sixteen threads schedule lessons:
with the write queue, and with SQLite's busy wait alone as the control."""

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
from bench.room import posting, servers
from bench.room.data import STUDENT, TUTOR, strokes
from bench.room.servers import Server

QUEUE, CONTROL = "with the write queue", "without it (the control)"
SETTINGS = {QUEUE: "config.settings", CONTROL: "bench.room.plain_sqlite"}
EVERY = 0.01  # seconds from one stroke to the next
WARM_UP, LONGEST = 1.5, 3.0  # seconds of posting before the kill
GOAL = 250  # ms
_days = count(step=posting.THREADS * posting.DAYS_EACH)


@dataclass
class Losses:
    """Per kill: the age of the oldest stroke that was passed on and is not stored, in ms."""

    ms: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


def measure(database_url: str, rooms: Iterator[str], rounds: int) -> dict[str, Losses]:
    """`database_url` is the one that this process's own Django reads."""
    client = Client()
    client.force_login(
        User.objects.get(pk=TUTOR), "allauth.account.auth_backends.AuthenticationBackend"
    )
    cookie = client.cookies["sessionid"].value
    losses = {name: Losses() for name in SETTINGS}
    for _ in range(rounds):
        for name, lost in losses.items():
            with servers.kreida(
                database_url, settings=SETTINGS[name], log=subprocess.DEVNULL
            ) as server:
                asyncio.run(_crash(server, next(rooms), cookie, lost))
    return losses


async def _crash(server: Server, room: str, cookie: str, lost: Losses) -> None:
    drawer = await server.connect(room, writer=b"A")
    viewer = await server.connect(room, writer=b"B")
    seen: dict[bytes, float] = {}
    viewer.on_stamp = seen.setdefault
    drawing = asyncio.create_task(_draw(drawer))
    with _posting(server, cookie, lost):
        began = time.perf_counter()
        await asyncio.sleep(random.uniform(WARM_UP, LONGEST))
        os.kill(server.pid, signal.SIGKILL)
        killed = time.perf_counter()
    lost.seconds += killed - began
    drawing.cancel()
    await asyncio.gather(drawing, return_exceptions=True)
    stored = await asyncio.to_thread(_stored, room)
    gone = [at for stamp, at in seen.items() if stamp not in stored and at < killed]
    assert len(seen) > WARM_UP / EVERY / 2, "the drawing was hardly passed on"
    lost.ms.append((killed - min(gone, default=killed)) * 1000)


async def _draw(peer: object) -> None:
    start = time.perf_counter()
    for number, update in enumerate(strokes(b"A", 2000)):
        await asyncio.sleep(max(0, start + number * EVERY - time.perf_counter()))
        peer.send(sync_frame(UPDATE, update))


def _stored(room: str) -> set[bytes]:
    session = ClassroomSession.objects.get(uuid=room)
    elements = board_log.document(session.pk).get("elements:1", type=Map)
    return {f"A{int(name[1:]):06}".encode() for name in elements if name.startswith("A")}


@contextmanager
def _posting(server: Server, cookie: str, lost: Losses) -> Iterator[None]:
    told = [str(server.port), cookie, str(STUDENT), str(next(_days))]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.room.posting", *told],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield
    finally:
        process.kill()
        output = process.communicate()[0]
    lost.answers.update(int(line) for line in output.split() if line)
