"""Scan large updates in a thread and split them into chunks, so that they do not block the event
loop: it handles other frames between two chunks."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from apps.classroom.realtime.board.outline import split_after
from apps.classroom.realtime.board.slots import SlotIndex, read_items, with_items
from apps.classroom.realtime.board.update_scan import (
    ItemId,
    Scan,
    encode_deletions,
    scan,
    scan_trusted,
)
from apps.classroom.realtime.board.varints import Malformed

# Bytes from which an update is scanned in the thread. A smaller one is not worth the switch, and
# a stroke is seldom larger.
LARGE = 16 * 1024
# Runs of deletions per chunk: yrs needs about 10 µs for each.
RUNS_PER_CHUNK = 500

# A single thread: each further one could hold Python's lock for another 5 ms before the event loop
# gets it.
_executor = ThreadPoolExecutor(1, "board-parts")
# Seconds for a large board, during which nobody's large update is to wait.
_index_executor = ThreadPoolExecutor(1, "board-index")


async def split_update(update: bytes, *, trusted: bool = False, items: bool = False) -> list[Scan]:
    """Scan an update in the thread and split it into chunks equivalent to it, each with its `items`
    if they are needed. Raises Malformed."""

    def work() -> list[Scan]:
        chunks = split(update, scan_trusted if trusted else scan)
        return [with_items(chunk) for chunk in chunks] if items else chunks

    return await asyncio.get_running_loop().run_in_executor(_executor, work)


async def index_slots(updates: Sequence[bytes]) -> SlotIndex:
    """Make the index of a board in the thread, update by update."""

    def work() -> SlotIndex:
        index = SlotIndex()
        for update in updates:
            with suppress(Malformed):  # then nobody but the tutor may change what builds on it
                index.add(read_items(update))
        return index

    return await asyncio.get_running_loop().run_in_executor(_index_executor, work)


def split_conflicts(whole: Scan, conflicts: set[ItemId]) -> list[Scan]:
    """Split an update into chunks with one conflict each. Raises Malformed."""
    structs = whole.update[: whole.deletions_at] + b"\x00"
    chunks = [scan(update) for update in split_after(structs, conflicts)]
    for at in range(0, len(whole.deletions), RUNS_PER_CHUNK):
        runs = whole.deletions[at : at + RUNS_PER_CHUNK]
        chunks.append(scan(b"\x00" + encode_deletions(runs)))
    return chunks


def split(update: bytes, scan: Callable[[bytes], Scan] = scan) -> list[Scan]:
    """Return one chunk with the structs, then the deletions in chunks. Raises Malformed."""
    whole = scan(update)
    if len(whole.deletions) <= RUNS_PER_CHUNK:
        return [whole]
    chunks = []
    if whole.runs:
        chunks.append(scan(whole.update[: whole.deletions_at] + b"\x00"))
    for at in range(0, len(whole.deletions), RUNS_PER_CHUNK):
        runs = whole.deletions[at : at + RUNS_PER_CHUNK]
        chunks.append(scan(b"\x00" + encode_deletions(runs)))
    return chunks
