"""The load, the same for every server."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import cycle

from pycrdt import Doc, Map

from apps.classroom.realtime.board.varints import read_bytes, read_varint
from apps.classroom.realtime.board.yproto import STEP1, SYNC, UPDATE, sync_frame
from bench.room.client import Peer, masked, read_frame
from bench.room.data import stored_board, strokes
from bench.room.servers import Server, together

IN_FLIGHT = 10  # updates of each peer at most, that not everybody has yet
PATIENCE = 60
WRITERS = b"ABCDEFGHIJKLMNOPQRST"
SETTLE = 2.0  # seconds before memory is looked at
PUT_AWAY = 0.5  # seconds for what was drawn, before the next is measured


@dataclass
class FanOut:
    """Everybody draws as fast as everybody hears."""

    peers: list[Peer]
    frames: list[list[bytes]]
    heard: int = 0
    sent: int = 0  # by each
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> float:
        """Updates per second."""
        for peer in self.peers:
            peer.on_news = self._news
        self.goal = len(self.frames[0]) * len(self.peers) * (len(self.peers) - 1)
        start = time.perf_counter()
        self._send(IN_FLIGHT)
        async with asyncio.timeout(PATIENCE):
            await self.done.wait()
        spent = time.perf_counter() - start
        return len(self.frames[0]) * len(self.peers) / spent

    def _send(self, count: int) -> None:
        for number in range(self.sent, min(self.sent + count, len(self.frames[0]))):
            for peer, frames in zip(self.peers, self.frames, strict=True):
                peer.transport.write(frames[number])
        self.sent += count
        crowd = len(self.peers) * (len(self.peers) - 1)
        self._next = (self.sent - IN_FLIGHT // 2) * crowd

    def _news(self, count: int) -> None:
        self.heard += count
        if self.heard >= self._next and self.sent < len(self.frames[0]):
            self._send(IN_FLIGHT // 2)
        if self.heard >= self.goal:
            self.done.set()


async def fan_out(servers: list[Server], room: str, peers: int, each: int) -> float:
    """Updates per second with `peers` who all draw, spread over `servers`. Fails unless each
    update has reached each of the others, and one of them and the server have the whole board."""
    crowd = await _enter(servers, room, peers)
    crowd[0].kept = []
    made = [strokes(bytes([writer]), each) for writer in WRITERS[:peers]]
    frames = [
        [masked(peer.prefix + sync_frame(UPDATE, update)) for update in updates]
        for peer, updates in zip(crowd, made, strict=True)
    ]
    rate = await FanOut(crowd, frames).run()
    expected = {f"{chr(w)}{n}" for w in WRITERS[:peers] for n in range(each)}
    assert all(peer.others == each * (peers - 1) for peer in crowd)
    assert _names(_heard(crowd[0]), made[0]) == expected
    for server in servers:
        late = await server.connect(room)
        assert _names(late.board) == expected
        late.close()
    await _leave(crowd)
    return rate


def _heard(peer: Peer) -> list[bytes]:
    """The updates in all that a peer kept."""
    data, at, updates = b"".join(peer.kept or []), 0, []
    while (found := read_frame(data, at)) is not None:
        _opcode, frame, at = found
        frame = frame[len(peer.prefix) :]
        if frame and frame[0] == SYNC:
            step, start = read_varint(frame, 1)
            if step != STEP1:
                updates.append(read_bytes(frame, start)[0])
    return updates


def _names(*heard: list[bytes]) -> set[str]:
    doc: Doc = Doc()
    for updates in heard:
        for update in updates:
            doc.apply_update(update)
    return {name for name in doc.get("elements:1", type=Map) if not name.startswith("stroke")}


async def ways(
    server: Server,
    room: str,
    *,
    peers: int,
    rate: int,
    seconds: float,
    writers: bytes = WRITERS,
    patience: float = PATIENCE,
) -> list[float]:
    """How long each update was under way to each of the others, in ms, at `rate` a second."""
    crowd = await _enter([server], room, peers, writers)
    sent: dict[bytes, float] = {}
    took: list[float] = []

    def on_stamp(stamp: bytes, now: float) -> None:
        took.append((now - sent[stamp]) * 1000)

    for peer in crowd:
        peer.on_stamp = on_stamp
    count = int(rate * seconds)
    made = [strokes(bytes([writer]), count // peers + 1) for writer in writers[:peers]]
    start = time.perf_counter()
    turns = [0] * peers
    for number, who in zip(range(count), cycle(range(peers)), strict=False):
        await asyncio.sleep(max(0, start + number / rate - time.perf_counter()))
        update = made[who][turns[who]]
        sent[b"%c%06d" % (writers[who], turns[who])] = time.perf_counter()
        crowd[who].send(sync_frame(UPDATE, update))
        turns[who] += 1
    async with asyncio.timeout(patience):
        while len(took) < count * (peers - 1):
            await asyncio.sleep(0.01)
    await _leave(crowd)
    return took


@dataclass
class Memory:
    """Resident KiB of the server, grown by each room: with one who looks at its board, with the
    same again after all had left, and with two who draw."""

    idle: float
    again: float
    busy: float


async def memory(server: Server, rooms: list[str], busy: list[str]) -> Memory:
    """Of a server that has just been started."""
    first = await server.connect(busy[0])
    first.close()
    await asyncio.sleep(SETTLE)
    levels = [server.resident_kib()]
    for _ in range(2):
        peers = await together([server.connect(room, seeds=stored_board()) for room in rooms], 50)
        await asyncio.sleep(SETTLE)
        levels.append(server.resident_kib())
        await _leave(peers)
        await asyncio.sleep(SETTLE)
    idle, again = levels[1] - levels[0], levels[2] - levels[1]
    before_busy = server.resident_kib()
    pairs = [await _enter([server], room, 2) for room in busy]
    made = [strokes(bytes([writer]), 40) for writer in WRITERS[:2]]
    for number in range(40):
        for pair in pairs:
            for peer, updates in zip(pair, made, strict=True):
                peer.send(sync_frame(UPDATE, updates[number]))
        await asyncio.sleep(0.05)
    grown = server.resident_kib() - before_busy
    await _leave([peer for pair in pairs for peer in pair])
    return Memory(idle / len(rooms), again / len(rooms), grown / len(busy))


async def storm(server: Server, rooms: list[str], sockets: int) -> float:
    """Seconds until `sockets`, two to a room, who all come at once, are in step."""
    asked = [server.connect(rooms[number // 2]) for number in range(sockets)]
    start = time.perf_counter()
    peers = await asyncio.gather(*asked)
    spent = time.perf_counter() - start
    await _leave(list(peers))
    return spent


async def _enter(
    servers: list[Server], room: str, peers: int, writers: bytes = WRITERS
) -> list[Peer]:
    where = [servers[number * len(servers) // peers] for number in range(peers)]
    return [
        await server.connect(room, writer=bytes([writer]))
        for server, writer in zip(where, writers[:peers], strict=True)
    ]


async def _leave(peers: list[Peer]) -> None:
    for peer in peers:
        peer.on_news = peer.on_stamp = None
        peer.close()
    await asyncio.sleep(PUT_AWAY)
