"""The updates that come to one board in one turn of the event loop, taken in as one.

Most of what an update costs is the same for ten as for one: the document's state, the check that
yrs can read it again, a frame to each of the others.
"""

import asyncio
from collections.abc import Callable, Sequence

from apps.classroom.realtime.document import Early
from apps.classroom.realtime.protocol import Close
from apps.classroom.realtime.sockets import Socket
from apps.classroom.realtime.varints import Malformed

# Past this they are taken in at once, so that no frame to the others becomes too large for them.
MAX_HELD = 256 * 1024
# Of updates that wait for what comes before them, from all who are here.
MAX_EARLY = 64 * 1024

One = tuple[bytes, Socket]


class Inbox:
    """`take` gets updates in their order and their one sender, None when several sent them, and
    raises Malformed, having taken in nothing, when one of them is no update."""

    def __init__(self, take: Callable[[Sequence[bytes], Socket | None], None]) -> None:
        self._take = take
        self._held: list[One] = []
        self._size = 0
        self._early: list[One] = []

    def add(self, update: bytes, sender: Socket) -> None:
        if not self._held:
            asyncio.get_running_loop().call_soon(self.empty)
        self._held.append((update, sender))
        self._size += len(update)
        if self._size > MAX_HELD:
            self.empty()

    def empty(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if not held:
            return
        if not self._takes(held):
            for one in held:
                self._try(one)
        early, self._early = self._early, []
        for one in early:
            self._try(one)

    def leave(self, sender: Socket) -> None:
        """What waits will come again with whoever has it."""
        self.empty()
        self._early = [one for one in self._early if one[1] is not sender]

    def _takes(self, held: list[One]) -> bool:
        """All at once; False when one of them is no update, or early."""
        senders = {sender for _update, sender in held}
        try:
            self._take(
                [update for update, _sender in held], senders.pop() if len(senders) == 1 else None
            )
        except Malformed:
            return False
        return True

    def _try(self, one: One) -> None:
        """By itself, so that only who sent a bad one is closed."""
        update, sender = one
        try:
            self._take([update], sender)
        except Early:
            self._wait(one)
        except Malformed:
            sender.close(Close.MALFORMED)

    def _wait(self, one: One) -> None:
        if len(one[0]) + sum(len(update) for update, _sender in self._early) > MAX_EARLY:
            one[1].close(Close.MALFORMED)
        else:
            self._early.append(one)
