"""The updates that come to one board in one turn of the event loop, taken in as one, and those that
wait for what comes before them.

Most of what an update costs is the same for ten as for one: the check, a frame to each of the
others, a row in the log.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count

from apps.classroom.realtime.document import Early
from apps.classroom.realtime.protocol import Close
from apps.classroom.realtime.sockets import Socket
from apps.classroom.realtime.update_scan import Scan
from apps.classroom.realtime.varints import Malformed

# Past this they are taken in at once, so that no frame to the others becomes too large for them.
MAX_HELD = 256 * 1024
# Of updates that wait for what comes before them: bytes from all who are here, updates from each.
MAX_EARLY = 4 * 1024 * 1024
MAX_EARLY_EACH = 300

One = tuple[Scan, Socket]


class Inbox:
    """`take` gets updates in their order and their one sender, None when several sent them, and
    raises Malformed, having taken in nothing, when one of them is no update."""

    def __init__(self, take: Callable[[Sequence[Scan], Socket | None], None]) -> None:
        self._take = take
        self._held: list[One] = []
        self._size = 0
        # By the client they wait for, the earliest clock first: a stroke looks at those alone that
        # it may release.
        self._early: dict[int, list[tuple[int, int, One]]] = {}
        self._early_size = 0
        self._early_of: Counter[Socket] = Counter()
        self._untried: set[Socket] = set()  # whose early updates were not tried together
        self._numbers = count()

    def add(self, scan: Scan, sender: Socket) -> None:
        if not self._held:
            asyncio.get_running_loop().call_soon(self.empty)
        self._held.append((scan, sender))
        self._size += len(scan.update)
        if self._size > MAX_HELD:
            self.empty()

    def empty(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held:
            self._release(held if self._takes(held) else [one for one in held if self._try(one)])

    def leave(self, sender: Socket) -> None:
        """What waits will come again with whoever has it."""
        self.empty()
        self._drop_early(sender)

    def retry(self, sender: Socket) -> None:
        """The parts of a large update may wait for each other."""
        if sender not in self._untried:
            return
        self._untried.discard(sender)
        waiting = [each for heap in self._early.values() for each in heap if each[2][1] is sender]
        ones = [one for _clock, _number, one in sorted(waiting, key=lambda each: each[1])]
        if self._takes(ones):
            self._drop_early(sender)
            self._release(ones)

    def _drop_early(self, sender: Socket) -> None:
        self._untried.discard(sender)
        if not self._early_of.pop(sender, 0):
            return
        for client, heap in list(self._early.items()):
            kept = [each for each in heap if each[2][1] is not sender]  # in order, so still a heap
            self._early_size -= sum(len(each[2][0].update) for each in heap)
            self._early_size += sum(len(each[2][0].update) for each in kept)
            if kept:
                self._early[client] = sorted(kept, key=lambda each: each[:2])
            else:
                del self._early[client]

    def _takes(self, held: list[One]) -> bool:
        """All at once; False when one of them is no update, or early."""
        senders = {sender for _scan, sender in held}
        try:
            self._take(
                [scan for scan, _sender in held], senders.pop() if len(senders) == 1 else None
            )
        except Malformed:
            return False
        return True

    def _try(self, one: One) -> bool:
        """By itself, so that only who sent a bad one is closed. Whether it was taken in."""
        scan, sender = one
        try:
            self._take([scan], sender)
        except Early as exc:
            self._wait(one, exc)
        except Malformed:
            sender.close(Close.MALFORMED)
        else:
            return True
        return False

    def _wait(self, one: One, early: Early) -> None:
        scan, sender = one
        size = self._early_size + len(scan.update)
        if size > MAX_EARLY or self._early_of[sender] >= MAX_EARLY_EACH:
            sender.close(Close.MALFORMED)
            return
        self._early_size = size
        self._early_of[sender] += 1
        self._untried.add(sender)
        heap = self._early.setdefault(early.client, [])
        heappush(heap, (early.clock, next(self._numbers), one))

    def _release(self, taken: Sequence[One]) -> None:
        """Tries what waited for these, and what waited for that."""
        todo = list(taken)
        while todo and self._early:
            scan, _sender = todo.pop()
            for client, _start, end in scan.runs:
                todo += [one for one in self._ready(client, end) if self._try(one)]

    def _ready(self, client: int, clock: int) -> list[One]:
        heap, ready = self._early.get(client, []), []
        while heap and heap[0][0] <= clock:
            one = heappop(heap)[2]
            self._early_size -= len(one[0].update)
            self._early_of[one[1]] -= 1
            ready.append(one)
        if not heap:
            self._early.pop(client, None)
        return ready
