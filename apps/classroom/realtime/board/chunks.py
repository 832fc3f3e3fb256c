"""Large updates, looked at in a thread of their own and taken in part by part, so that none of them
holds up the event loop: others' strokes come in between."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from apps.classroom.realtime.board.update_scan import Scan, encode_deletions, scan

# Bytes of an update from which on it is looked at in the thread: less is not worth a switch, and
# a stroke seldom takes more.
LARGE = 16 * 1024
# Runs of deletions taken in at once: yrs needs about 10 µs for each.
RUNS_AT_ONCE = 500

# One, since each more would take Python's lock from the event loop for another 5 ms.
_thread = ThreadPoolExecutor(1, "board-parts")


async def split_update(update: bytes) -> list[Scan]:
    """Together they are the same as the update. Raises Malformed."""
    return await asyncio.get_running_loop().run_in_executor(_thread, split, update)


def split(update: bytes) -> list[Scan]:
    """The structs first, then the deletions. Raises Malformed."""
    whole = scan(update)
    if len(whole.deletions) <= RUNS_AT_ONCE:
        return [whole]
    found = []
    if whole.runs:
        found.append(scan(whole.update[: whole.deletions_at] + b"\x00"))
    for at in range(0, len(whole.deletions), RUNS_AT_ONCE):
        some = whole.deletions[at : at + RUNS_AT_ONCE]
        found.append(scan(b"\x00" + encode_deletions(some)))
    return found
