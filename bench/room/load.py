"""The measurements of `make bench-room`, the same for every server."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import cycle

from pycrdt import Doc, Map

from apps.classroom.realtime.board.varints import read_bytes, read_varint
from apps.classroom.realtime.board.yproto import STEP1, SYNC, UPDATE, sync_frame
from bench.room.client import Peer, encode_frame, read_frame
from bench.room.data import make_stroke_updates, stored_board
from bench.room.servers import Server, gather_limited

IN_FLIGHT = 10  # maximum number of each peer's updates that not all others have received
TIMEOUT = 60
WRITERS = b"ABCDEFGHIJKLMNOPQRST"
SETTLE = 2.0  # seconds before memory is measured
PAUSE_AFTER_LEAVING = 0.5  # seconds in which the server can store the drawing


@dataclass
class FanOut:
    """All peers draw; each sends its next updates when all have received the last ones."""

    peers: list[Peer]
    frames: list[list[bytes]]
    received: int = 0
    sent: int = 0  # by each peer
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> float:
        """Return the updates per second."""
        for peer in self.peers:
            peer.on_updates = self._on_updates
        self.goal = len(self.frames[0]) * len(self.peers) * (len(self.peers) - 1)
        start = time.perf_counter()
        self._send(IN_FLIGHT)
        async with asyncio.timeout(TIMEOUT):
            await self.done.wait()
        elapsed = time.perf_counter() - start
        return len(self.frames[0]) * len(self.peers) / elapsed

    def _send(self, count: int) -> None:
        for number in range(self.sent, min(self.sent + count, len(self.frames[0]))):
            for peer, frames in zip(self.peers, self.frames, strict=True):
                peer.transport.write(frames[number])
        self.sent += count
        receptions = len(self.peers) * (len(self.peers) - 1)  # of one update of each peer
        self._next = (self.sent - IN_FLIGHT // 2) * receptions

    def _on_updates(self, count: int) -> None:
        self.received += count
        if self.received >= self._next and self.sent < len(self.frames[0]):
            self._send(IN_FLIGHT // 2)
        if self.received >= self.goal:
            self.done.set()


async def fan_out(servers: list[Server], room: str, peers: int, each: int) -> float:
    """Measure updates per second while `peers` clients, spread over `servers`, draw `each` updates.

    Fails unless each client received all updates of the others, and one client and the servers
    have the whole board.
    """
    clients = await _join(servers, room, peers)
    clients[0].recorded_data = []
    updates_by_peer = [make_stroke_updates(bytes([writer]), each) for writer in WRITERS[:peers]]
    frames = [
        [encode_frame(peer.prefix + sync_frame(UPDATE, update)) for update in updates]
        for peer, updates in zip(clients, updates_by_peer, strict=True)
    ]
    rate = await FanOut(clients, frames).run()
    expected = {f"{chr(w)}{n}" for w in WRITERS[:peers] for n in range(each)}
    assert all(peer.received_updates == each * (peers - 1) for peer in clients)
    assert _element_ids(_decode_recorded_updates(clients[0]), updates_by_peer[0]) == expected
    for server in servers:
        late = await server.connect(room)
        assert _element_ids(late.board) == expected
        late.close()
    await _leave(clients)
    return rate


def _decode_recorded_updates(peer: Peer) -> list[bytes]:
    """Decode the updates in the data that a peer recorded."""
    data, at, updates = b"".join(peer.recorded_data or []), 0, []
    while (found := read_frame(data, at)) is not None:
        _opcode, frame, at = found
        frame = frame[len(peer.prefix) :]
        if frame and frame[0] == SYNC:
            step, start = read_varint(frame, 1)
            if step != STEP1:
                updates.append(read_bytes(frame, start)[0])
    return updates


def _element_ids(*update_lists: list[bytes]) -> set[str]:
    doc: Doc = Doc()
    for updates in update_lists:
        for update in updates:
            doc.apply_update(update)
    return {name for name in doc.get("elements:1", type=Map) if not name.startswith("stroke")}


async def measure_latencies(
    server: Server,
    room: str,
    *,
    peers: int,
    rate: int,
    seconds: float,
    writers: bytes = WRITERS,
    timeout: float = TIMEOUT,
) -> list[float]:
    """Measure the latency in ms of each update to each other client, at `rate` updates a second."""
    clients = await _join([server], room, peers, writers)
    sent: dict[bytes, float] = {}
    latencies: list[float] = []

    def on_stamp(stamp: bytes, now: float) -> None:
        latencies.append((now - sent[stamp]) * 1000)

    for peer in clients:
        peer.on_stamp = on_stamp
    count = int(rate * seconds)
    updates_by_peer = [
        make_stroke_updates(bytes([writer]), count // peers + 1) for writer in writers[:peers]
    ]
    start = time.perf_counter()
    sent_counts = [0] * peers
    for number, index in zip(range(count), cycle(range(peers)), strict=False):
        await asyncio.sleep(max(0, start + number / rate - time.perf_counter()))
        update = updates_by_peer[index][sent_counts[index]]
        sent[b"%c%06d" % (writers[index], sent_counts[index])] = time.perf_counter()
        clients[index].send(sync_frame(UPDATE, update))
        sent_counts[index] += 1
    async with asyncio.timeout(timeout):
        while len(latencies) < count * (peers - 1):
            await asyncio.sleep(0.01)
    await _leave(clients)
    return latencies


@dataclass
class Memory:
    """Growth of the server's resident memory in KiB per room: with one client on the board, with
    the same again after all have left, and with two clients who draw."""

    idle: float
    reopened: float
    busy: float


async def measure_memory(server: Server, rooms: list[str], busy_rooms: list[str]) -> Memory:
    """Measure memory; the server must have just been started."""
    first = await server.connect(busy_rooms[0])
    first.close()
    await asyncio.sleep(SETTLE)
    levels = [server.resident_kib()]
    for _ in range(2):
        connections = [server.connect(room, initial_board=stored_board()) for room in rooms]
        peers = await gather_limited(connections, 50)
        await asyncio.sleep(SETTLE)
        levels.append(server.resident_kib())
        await _leave(peers)
        await asyncio.sleep(SETTLE)
    idle, reopened = levels[1] - levels[0], levels[2] - levels[1]
    before_busy = server.resident_kib()
    pairs = [await _join([server], room, 2) for room in busy_rooms]
    updates_by_peer = [make_stroke_updates(bytes([writer]), 40) for writer in WRITERS[:2]]
    for number in range(40):
        for pair in pairs:
            for peer, updates in zip(pair, updates_by_peer, strict=True):
                peer.send(sync_frame(UPDATE, updates[number]))
        await asyncio.sleep(0.05)
    growth = server.resident_kib() - before_busy
    await _leave([peer for pair in pairs for peer in pair])
    return Memory(idle / len(rooms), reopened / len(rooms), growth / len(busy_rooms))


async def measure_reconnects(server: Server, rooms: list[str], sockets: int) -> float:
    """Measure the seconds until `sockets` clients, two per room, have synced after connecting."""
    connections = [server.connect(rooms[number // 2]) for number in range(sockets)]
    start = time.perf_counter()
    peers = await asyncio.gather(*connections)
    elapsed = time.perf_counter() - start
    await _leave(list(peers))
    return elapsed


async def _join(
    servers: list[Server], room: str, peers: int, writers: bytes = WRITERS
) -> list[Peer]:
    server_of_peer = [servers[number * len(servers) // peers] for number in range(peers)]
    return [
        await server.connect(room, writer=bytes([writer]))
        for server, writer in zip(server_of_peer, writers[:peers], strict=True)
    ]


async def _leave(peers: list[Peer]) -> None:
    for peer in peers:
        peer.on_updates = peer.on_stamp = None
        peer.close()
    await asyncio.sleep(PAUSE_AFTER_LEAVING)
