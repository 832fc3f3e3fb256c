"""How a board of 20,000 elements on 50 pages affects other rooms, compared with an ordinary one.

The board is opened, drawn on and compacted, joined by a second client and left, while two users
draw in another room. Its clients run in a process of their own (board_visitor.py), because reading
the board would delay the measurement.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path

from apps.classroom.realtime.board.yproto import UPDATE, sync_frame
from bench.room import client
from bench.room.board_visitor import OPENED, SETTLE
from bench.room.data import large_board, make_stroke_updates, stored_board
from bench.room.servers import Server
from bench.servers import process_and_children

LARGE, CONTROL = "20,000 elements", "50 elements (the control)"
PAIR, STROKE_INTERVAL, PROBE_INTERVAL = b"AC", 0.01, 0.005  # seconds
IDLE_SECONDS = 5.0  # seconds without compaction after the visit, before memory is measured


@dataclass
class Stage:
    """Maximum latencies of /healthz and of strokes in the other room, in ms; memory at the end of
    the stage and its peak so far, in MiB."""

    name: str
    started_at: float
    health: float = 0.0
    stroke: float = 0.0
    memory: float = 0.0
    peak: float = 0.0


@dataclass
class VisitResult:
    board: int  # bytes
    before: float  # MiB
    stages: list[Stage] = field(default_factory=list)


def prepare(rooms: dict[str, str]) -> dict[str, int]:
    """Store the boards; return their sizes in bytes by name."""
    from apps.classroom.models import (  # noqa: PLC0415  (board_visitor has no Django)
        BoardSnapshot,
        ClassroomSession,
    )

    boards = {LARGE: large_board(), CONTROL: stored_board()}
    for name, room in rooms.items():
        session = ClassroomSession.objects.get(uuid=room)
        BoardSnapshot.objects.create(session=session, state=boards[name])
    return {name: len(board) for name, board in boards.items()}


async def measure_visit(server: Server, pair_room: str, room: str, size: int) -> VisitResult:
    """Visit the board in `room` while two users draw in `pair_room`."""
    stroke_probe = await _StrokeProbe.start(server, pair_room)
    health_latencies: list[tuple[float, float]] = []
    prober = asyncio.create_task(_probe(server.port, health_latencies))
    await asyncio.sleep(SETTLE)
    result = VisitResult(size, _mib(server, "VmRSS"))
    command = [sys.executable, "-m", "bench.room.board_visitor", str(server.port)]
    command += [server.path(room, writer) for writer in (b"A", b"B")]
    visitor = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert visitor.stdout is not None
    stage = Stage(OPENED, time.perf_counter())
    while name := (await visitor.stdout.readline()).decode().strip():
        result.stages.append(_finish_stage(stage, server))
        stage = Stage(name, time.perf_counter())
    await _wait_until_idle(server)
    result.stages.append(_finish_stage(stage, server))
    assert await visitor.wait() == 0
    prober.cancel()
    await asyncio.gather(prober, return_exceptions=True)
    _assign_maxima(result.stages, "stroke", await stroke_probe.stop())
    _assign_maxima(result.stages, "health", health_latencies)
    return result


async def _wait_until_idle(server: Server) -> None:
    idle_since = time.perf_counter()
    while time.perf_counter() - idle_since < IDLE_SECONDS:
        if len(process_and_children(server.pid)) > 1:  # a child process compacts the board
            idle_since = time.perf_counter()
        await asyncio.sleep(0.1)


def _finish_stage(stage: Stage, server: Server) -> Stage:
    stage.memory, stage.peak = _mib(server, "VmRSS"), _mib(server, "VmHWM")
    return stage


def _mib(server: Server, field_name: str) -> float:
    """A memory figure of the server's main process, without the child that compacts."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition(f"{field_name}:")[2].split()[0]) / 1024


def _assign_maxima(stages: list[Stage], name: str, latencies: list[tuple[float, float]]) -> None:
    """Set each stage's maximum of the latencies of what was sent during it."""
    for at, ms in latencies:
        for stage in reversed(stages):
            if stage.started_at <= at:
                setattr(stage, name, max(getattr(stage, name), ms))
                break


async def _probe(port: int, health_latencies: list[tuple[float, float]]) -> None:
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
        health_latencies.append((sent, (time.perf_counter() - sent) * 1000))
        await asyncio.sleep(PROBE_INTERVAL)


class _StrokeProbe:
    """Two users who draw in turns; records the latency of each stroke between them."""

    def __init__(self, peers: list[client.Peer]) -> None:
        self._peers = peers
        self._sent: dict[bytes, float] = {}
        self._latencies: list[tuple[float, float]] = []
        for peer in peers:
            peer.on_stamp = self._on_stamp
        self._task = asyncio.create_task(self._draw())

    @classmethod
    async def start(cls, server: Server, room: str) -> "_StrokeProbe":
        return cls([await server.connect(room, writer=bytes([writer])) for writer in PAIR])

    def _on_stamp(self, stamp: bytes, now: float) -> None:
        sent = self._sent[stamp]
        self._latencies.append((sent, (now - sent) * 1000))

    def _updates(self) -> Iterator[tuple[client.Peer, bytes, bytes]]:
        updates = [make_stroke_updates(bytes([writer]), 6000) for writer in PAIR]
        for number, index in zip(count(), cycle(range(len(PAIR)))):
            stamp = b"%c%06d" % (PAIR[index], number // len(PAIR))
            yield self._peers[index], stamp, updates[index][number // len(PAIR)]

    async def _draw(self) -> None:
        start = time.perf_counter()
        for number, (peer, stamp, update) in enumerate(self._updates()):
            await asyncio.sleep(max(0, start + number * STROKE_INTERVAL - time.perf_counter()))
            self._sent[stamp] = time.perf_counter()
            peer.send(sync_frame(UPDATE, update))

    async def stop(self) -> list[tuple[float, float]]:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        async with asyncio.timeout(60):
            while len(self._latencies) < len(self._sent):
                await asyncio.sleep(0.01)
        for peer in self._peers:
            peer.on_stamp = None
            peer.close()
        return self._latencies
