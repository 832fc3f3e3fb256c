"""The updates that come to one board in one turn of the event loop, taken in as one.

Most of what an update costs is the same for ten as for one: the document's state, the check that
yrs can read it again, a frame to each of the others.
"""

import asyncio
from collections.abc import Callable

from pycrdt import merge_updates

from apps.classroom.realtime.protocol import Close
from apps.classroom.realtime.sockets import Socket
from apps.classroom.realtime.varints import Malformed

# Past this they are taken in at once, so that no frame to the others becomes too large for them.
MAX_HELD = 256 * 1024


class Inbox:
    """`take` gets an update as yrs writes it and its one sender, None when several sent it, and
    raises Malformed, having taken in nothing, when it is no update."""

    def __init__(self, take: Callable[[bytes, Socket | None], None]) -> None:
        self._take = take
        self._held: list[tuple[bytes, Socket]] = []
        self._size = 0

    def add(self, update: bytes, sender: Socket) -> None:
        if not self._held:
            asyncio.get_running_loop().call_soon(self.empty)
        self._held.append((update, sender))
        self._size += len(update)
        if self._size > MAX_HELD:
            self.empty()

    def empty(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held and not self._takes(held):
            for one in held:
                if len(held) == 1 or not self._takes([one]):
                    one[1].close(Close.MALFORMED)

    def _takes(self, held: list[tuple[bytes, Socket]]) -> bool:
        """False when one of them is no update."""
        senders = {sender for _update, sender in held}
        try:
            merged = merge_updates(*(update for update, _sender in held))
            self._take(merged, senders.pop() if len(senders) == 1 else None)
        except (Malformed, ValueError):
            return False
        return True
