"""The clients on the board of `bench.room.large`; prints the name of each stage as it starts."""

import asyncio
import sys

from apps.classroom.realtime.board.yproto import UPDATE, sync_frame
from bench.room import client
from bench.room.data import make_stroke_updates

OPENED, DRAWN, JOINED, LEFT = "opened", "drawn on and compacted", "joined", "left"
SETTLE = 3.0  # minimum seconds of each stage
DRAW, DRAW_EVERY = 8.0, 0.05  # seconds; compaction starts after two


async def _visit_board(port: int, first: str, second: str) -> None:
    one = await client.connect(port, first, writer=b"A")
    await asyncio.sleep(SETTLE)
    print(DRAWN, flush=True)
    for update in make_stroke_updates(b"A", int(DRAW / DRAW_EVERY)):
        one.send(sync_frame(UPDATE, update))
        await asyncio.sleep(DRAW_EVERY)
    print(JOINED, flush=True)
    two = await client.connect(port, second, writer=b"B")
    await asyncio.sleep(SETTLE)
    print(LEFT, flush=True)
    for peer in (one, two):
        peer.close()
    await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(_visit_board(int(sys.argv[1]), *sys.argv[2:]))
