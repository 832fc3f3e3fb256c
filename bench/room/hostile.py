"""Whether an honest pair notices somebody who sends what is dear: their strokes alone, and then
beside each kind of hostile peer, who comes back as often as the server closes their socket."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.classroom.realtime.board.update_scan import encode_deletions
from apps.classroom.realtime.board.varints import varint
from apps.classroom.realtime.board.yproto import AWARENESS, STEP1, UPDATE, sync_frame
from bench.room import load
from bench.room.client import masked
from bench.room.servers import Server

RATE, SECONDS = 150, 3.0  # about what two hands make
HONEST, HOSTILE = b"AC", b"B"  # the tutor in two tabs; the student
BETWEEN = 0.02  # seconds between two hostile frames
ALONE = "nobody"


def _clients() -> Iterable[bytes]:
    """400,000 client ids, of a struct each."""
    for first in range(1, 400_000, 100_000):
        ids = range(first + 99_999, first - 1, -1)
        structs = b"".join(b"\x01" + varint(client) + b"\x00\x00\x01" for client in ids)
        yield sync_frame(UPDATE, varint(100_000) + structs + b"\x00")


def _some_clients() -> Iterable[bytes]:
    """The same in small frames."""
    for client in range(1, 400_000):
        yield sync_frame(UPDATE, b"\x01\x01" + varint(client) + b"\x00\x00\x01\x00")


def _deletions() -> Iterable[bytes]:
    """Of clients that nobody knows."""
    update = b"\x00" + encode_deletions([(client, 0, 1) for client in range(1, 100_000)])
    return [sync_frame(UPDATE, update)] * 50


def _runs() -> Iterable[bytes]:
    """Deletions of one client, as many as there may be parts."""
    update = b"\x00" + encode_deletions([(7, clock, clock + 1) for clock in range(0, 98_000, 2)])
    return [sync_frame(UPDATE, update)] * 50


def _values() -> Iterable[bytes]:
    """An array of as many values as a frame holds."""
    struct = b"\x28\x01\x01a\x01b\x01\x75" + varint(900_000) + b"\x7e" * 900_000
    return [sync_frame(UPDATE, b"\x01\x01\x05\x00" + struct + b"\x00")] * 50


def _questions() -> Iterable[bytes]:
    return [sync_frame(STEP1, b"\x00")] * 2000


def _cursors() -> Iterable[bytes]:
    body = varint(900) + b"".join(varint(c) + b"\x01\x02{}" for c in range(900))
    return [bytes((AWARENESS,)) + varint(len(body)) + body] * 2000


CASES: dict[str, Callable[[], Iterable[bytes]]] = {
    "400,000 client ids": _clients,
    "client ids one by one": _some_clients,
    "deletions of unknown clients": _deletions,
    "49,000 runs of deletions": _runs,
    "900,000 values": _values,
    "the whole board, again and again": _questions,
    "900 cursors a frame": _cursors,
}


@dataclass
class Latency:
    """From sending until the other has it, in ms."""

    p50: float
    p99: float
    most: float


async def strokes_beside(server: Server, room: str, case: str) -> Latency:
    hostile = asyncio.create_task(_attack(server, room, case)) if case != ALONE else None
    try:
        took = sorted(
            await load.ways(
                server, room, peers=2, rate=RATE, seconds=SECONDS, writers=HONEST, patience=120
            )
        )
    finally:
        if hostile is not None:
            hostile.cancel()
            await asyncio.gather(hostile, return_exceptions=True)
    return Latency(took[len(took) // 2], took[len(took) * 99 // 100], took[-1])


async def _attack(server: Server, room: str, case: str) -> None:
    frames = [masked(frame) for frame in CASES[case]()]
    pause = BETWEEN if len(frames[0]) > 1000 else BETWEEN / 10
    while True:
        try:
            peer = await server.connect(room, writer=HOSTILE)
        except (ConnectionError, TimeoutError):
            await asyncio.sleep(BETWEEN)
            continue
        peer.on_news = lambda _count: None
        for frame in frames:
            if peer.transport.is_closing():
                break
            peer.transport.write(frame)
            await asyncio.sleep(pause)
        peer.transport.abort()
