"""Who is on the board of `bench.room.large`: says on standard output what comes next."""

import asyncio
import sys

from apps.classroom.realtime.board.yproto import UPDATE, sync_frame
from bench.room import client
from bench.room.data import strokes

OPENED, DRAWN, JOINED, LEFT = "opened", "drawn on and compacted", "joined", "left"
SETTLE = 3.0  # seconds of every stage at least
DRAW, DRAW_EVERY = 8.0, 0.05  # it is compacted two seconds after the first stroke


async def _be_on_the_board(port: int, first: str, second: str) -> None:
    one = await client.connect(port, first, writer=b"A")
    await asyncio.sleep(SETTLE)
    print(DRAWN, flush=True)
    for update in strokes(b"A", int(DRAW / DRAW_EVERY)):
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
    asyncio.run(_be_on_the_board(int(sys.argv[1]), *sys.argv[2:]))
