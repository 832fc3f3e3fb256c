"""Latency of two users' strokes while a third one sends expensive frames, and without that.

The attacker reconnects whenever the server closes the socket.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pycrdt import write_var_uint as varint

from apps.classroom.realtime.board.update_scan import encode_deletions
from apps.classroom.realtime.board.yproto import AWARENESS, STEP1, UPDATE, sync_frame
from bench.room import load
from bench.room.client import encode_frame
from bench.room.servers import Server

RATE, SECONDS = 150, 3.0  # strokes per second, and seconds
USERS, ATTACKER = b"AC", b"B"  # writers: the tutor in two tabs; the student
FRAME_INTERVAL = 0.02  # seconds between two frames of the attack
NO_ATTACK = "no attack"


def _many_client_ids() -> Iterable[bytes]:
    """400,000 client ids with one struct each."""
    for first in range(1, 400_000, 100_000):
        ids = range(first + 99_999, first - 1, -1)
        structs = b"".join(b"\x01" + varint(client) + b"\x00\x00\x01" for client in ids)
        yield sync_frame(UPDATE, varint(100_000) + structs + b"\x00")


def _single_client_ids() -> Iterable[bytes]:
    """One client id per frame."""
    for client in range(1, 400_000):
        yield sync_frame(UPDATE, b"\x01\x01" + varint(client) + b"\x00\x00\x01\x00")


def _deletions_of_unknown_clients() -> Iterable[bytes]:
    update = b"\x00" + encode_deletions([(client, 0, 1) for client in range(1, 100_000)])
    return [sync_frame(UPDATE, update)] * 50


def _many_deletions() -> Iterable[bytes]:
    """49,000 separate deletions of one client, close to the limit of an update."""
    update = b"\x00" + encode_deletions([(7, clock, clock + 1) for clock in range(0, 98_000, 2)])
    return [sync_frame(UPDATE, update)] * 50


def _large_array() -> Iterable[bytes]:
    """An array of 900,000 values, close to the size limit of a frame."""
    struct = b"\x28\x01\x01a\x01b\x01\x75" + varint(900_000) + b"\x7e" * 900_000
    return [sync_frame(UPDATE, b"\x01\x01\x05\x00" + struct + b"\x00")] * 50


def _state_vector_requests() -> Iterable[bytes]:
    return [sync_frame(STEP1, b"\x00")] * 2000


def _many_cursors() -> Iterable[bytes]:
    body = varint(900) + b"".join(varint(c) + b"\x01\x02{}" for c in range(900))
    return [bytes((AWARENESS,)) + varint(len(body)) + body] * 2000


CASES: dict[str, Callable[[], Iterable[bytes]]] = {
    "400,000 client ids": _many_client_ids,
    "client ids one by one": _single_client_ids,
    "deletions of unknown clients": _deletions_of_unknown_clients,
    "49,000 runs of deletions": _many_deletions,
    "900,000 values": _large_array,
    "the whole board, again and again": _state_vector_requests,
    "900 cursors a frame": _many_cursors,
}


@dataclass
class Latency:
    """Milliseconds from sending a stroke until the other user receives it."""

    p50: float
    p99: float
    maximum: float


async def measure_with_attack(server: Server, room: str, case: str) -> Latency:
    attack = asyncio.create_task(_attack(server, room, case)) if case != NO_ATTACK else None
    try:
        latencies = sorted(
            await load.measure_latencies(
                server, room, peers=2, rate=RATE, seconds=SECONDS, writers=USERS, timeout=120
            )
        )
    finally:
        if attack is not None:
            attack.cancel()
            await asyncio.gather(attack, return_exceptions=True)
    return Latency(
        latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100], latencies[-1]
    )


async def _attack(server: Server, room: str, case: str) -> None:
    frames = [encode_frame(frame) for frame in CASES[case]()]
    pause = FRAME_INTERVAL if len(frames[0]) > 1000 else FRAME_INTERVAL / 10
    while True:
        try:
            peer = await server.connect(room, writer=ATTACKER)
        except (ConnectionError, TimeoutError):
            await asyncio.sleep(FRAME_INTERVAL)
            continue
        peer.on_updates = lambda _count: None
        for frame in frames:
            if peer.transport.is_closing():
                break
            peer.transport.write(frame)
            await asyncio.sleep(pause)
        peer.transport.abort()
