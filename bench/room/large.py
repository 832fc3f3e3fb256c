"""Whether others notice a board of 20,000 elements on 50 pages: it is opened, drawn on and
compacted, joined by a second client, and left, while a pair draws in another room; the control does
the same with an ordinary board. Who is on the board is a process of its own (on_board.py), so that
reading it does not hold up the clock."""

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path

from apps.classroom.realtime.board.yproto import UPDATE, sync_frame
from bench.room import client
from bench.room.data import large_board, stored_board, strokes
from bench.room.on_board import OPENED, SETTLE
from bench.room.servers import Server
from bench.servers import process_and_children

LARGE, CONTROL = "20,000 elements", "50 elements (the control)"
PAIR, STROKES_EVERY, PROBE_EVERY = b"AC", 0.01, 0.005  # seconds
AFTER = 5.0  # seconds without work on the board, until memory is looked at once it is left


@dataclass
class Stage:
    """The longest answer of /healthz and the longest stroke in the other room, in ms; memory at
    the end of it and the most so far, in MiB."""

    name: str
    began: float
    health: float = 0.0
    stroke: float = 0.0
    memory: float = 0.0
    peak: float = 0.0


@dataclass
class Visit:
    board: int  # bytes
    before: float  # MiB
    stages: list[Stage] = field(default_factory=list)


def prepare(rooms: dict[str, str]) -> dict[str, int]:
    """Stores the boards; answers with their sizes."""
    from apps.classroom.models import (  # noqa: PLC0415  (the process of who is there has no Django)
        BoardSnapshot,
        ClassroomSession,
    )

    boards = {LARGE: large_board(), CONTROL: stored_board()}
    for name, room in rooms.items():
        session = ClassroomSession.objects.get(uuid=room)
        BoardSnapshot.objects.create(session=session, state=boards[name])
    return {name: len(board) for name, board in boards.items()}


async def visit(server: Server, other: str, room: str, size: int) -> Visit:
    """`other` is where the pair draws; `room` has the board."""
    drawn = await _Drawn.begin(server, other)
    probed: list[tuple[float, float]] = []
    prober = asyncio.create_task(_probe(server.port, probed))
    await asyncio.sleep(SETTLE)
    found = Visit(size, _mib(server, "VmRSS"))
    command = [sys.executable, "-m", "bench.room.on_board", str(server.port)]
    command += [server.path(room, writer) for writer in (b"A", b"B")]
    guest = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert guest.stdout is not None
    stage = Stage(OPENED, time.perf_counter())
    while name := (await guest.stdout.readline()).decode().strip():
        found.stages.append(_ended(stage, server))
        stage = Stage(name, time.perf_counter())
    await _until_at_rest(server)
    found.stages.append(_ended(stage, server))
    assert await guest.wait() == 0
    prober.cancel()
    await asyncio.gather(prober, return_exceptions=True)
    _assign(found.stages, "stroke", await drawn.end())
    _assign(found.stages, "health", probed)
    return found


async def _until_at_rest(server: Server) -> None:
    since = time.perf_counter()
    while time.perf_counter() - since < AFTER:
        if len(process_and_children(server.pid)) > 1:  # it compacts
            since = time.perf_counter()
        await asyncio.sleep(0.1)


def _ended(stage: Stage, server: Server) -> Stage:
    stage.memory, stage.peak = _mib(server, "VmRSS"), _mib(server, "VmHWM")
    return stage


def _mib(server: Server, what: str) -> float:
    """Of the server alone, without what compacts for it."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition(f"{what}:")[2].split()[0]) / 1024


def _assign(stages: list[Stage], name: str, took: list[tuple[float, float]]) -> None:
    """Each to the stage in which it was sent."""
    for at, ms in took:
        for stage in reversed(stages):
            if stage.began <= at:
                setattr(stage, name, max(getattr(stage, name), ms))
                break


async def _probe(port: int, probed: list[tuple[float, float]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        sent = time.perf_counter()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0]
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
        probed.append((sent, (time.perf_counter() - sent) * 1000))
        await asyncio.sleep(PROBE_EVERY)


class _Drawn:
    """Two who draw in turns until the end, and how long each stroke was under way to the other."""

    def __init__(self, peers: list[client.Peer]) -> None:
        self._peers = peers
        self._sent: dict[bytes, float] = {}
        self._took: list[tuple[float, float]] = []
        for peer in peers:
            peer.on_stamp = self._on_stamp
        self._task = asyncio.create_task(self._draw())

    @classmethod
    async def begin(cls, server: Server, room: str) -> "_Drawn":
        return cls([await server.connect(room, writer=bytes([writer])) for writer in PAIR])

    def _on_stamp(self, stamp: bytes, now: float) -> None:
        sent = self._sent[stamp]
        self._took.append((sent, (now - sent) * 1000))

    def _made(self) -> Iterator[tuple[client.Peer, bytes, bytes]]:
        made = [strokes(bytes([writer]), 6000) for writer in PAIR]
        for number, who in zip(count(), cycle(range(len(PAIR)))):
            stamp = b"%c%06d" % (PAIR[who], number // len(PAIR))
            yield self._peers[who], stamp, made[who][number // len(PAIR)]

    async def _draw(self) -> None:
        start = time.perf_counter()
        for number, (peer, stamp, update) in enumerate(self._made()):
            await asyncio.sleep(max(0, start + number * STROKES_EVERY - time.perf_counter()))
            self._sent[stamp] = time.perf_counter()
            peer.send(sync_frame(UPDATE, update))

    async def end(self) -> list[tuple[float, float]]:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        async with asyncio.timeout(60):
            while len(self._took) < len(self._sent):
                await asyncio.sleep(0.01)
        for peer in self._peers:
            peer.on_stamp = None
            peer.close()
        return self._took
