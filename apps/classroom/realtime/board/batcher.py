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

from apps.classroom.realtime.board.document import PendingDependency
from apps.classroom.realtime.board.update_scan import Scan
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.sockets import Socket

# Past this they are taken in at once, so that no frame to the others becomes too large for them.
MAX_BATCH_BYTES = 256 * 1024
# Of updates that wait for what comes before them: bytes from all who are here, updates from each.
MAX_PENDING_BYTES = 4 * 1024 * 1024
MAX_PENDING_PER_SOCKET = 300

QueuedUpdate = tuple[Scan, Socket]


class UpdateBatcher:
    """`take` gets updates in their order and their one sender, None when several sent them, and
    raises Malformed, having taken in nothing, when one of them is no update."""

    def __init__(self, apply_updates: Callable[[Sequence[Scan], Socket | None], None]) -> None:
        self._apply = apply_updates
        self._queued: list[QueuedUpdate] = []
        self._size = 0
        # By the client they wait for, the earliest clock first: a stroke looks at those alone that
        # it may release.
        self._pending_by_client: dict[int, list[tuple[int, int, QueuedUpdate]]] = {}
        self._pending_size = 0
        self._pending_by_socket: Counter[Socket] = Counter()
        self._unretried: set[Socket] = set()  # whose early updates were not tried together
        self._numbers = count()

    def add(self, scan: Scan, sender: Socket) -> None:
        if not self._queued:
            asyncio.get_running_loop().call_soon(self.flush)
        self._queued.append((scan, sender))
        self._size += len(scan.update)
        if self._size > MAX_BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        held, self._queued, self._size = self._queued, [], 0
        if held:
            self._apply_unblocked(
                held if self._apply_all(held) else [one for one in held if self._apply_one(one)]
            )

    def drop_sender(self, sender: Socket) -> None:
        """What waits will come again with whoever has it."""
        self.flush()
        self._drop_pending(sender)

    def retry_pending(self, sender: Socket) -> None:
        """The parts of a large update may wait for each other."""
        if sender not in self._unretried:
            return
        self._unretried.discard(sender)
        waiting = [
            each
            for heap in self._pending_by_client.values()
            for each in heap
            if each[2][1] is sender
        ]
        ones = [one for _clock, _number, one in sorted(waiting, key=lambda each: each[1])]
        if self._apply_all(ones):
            self._drop_pending(sender)
            self._apply_unblocked(ones)

    def _drop_pending(self, sender: Socket) -> None:
        self._unretried.discard(sender)
        if not self._pending_by_socket.pop(sender, 0):
            return
        for client, heap in list(self._pending_by_client.items()):
            kept = [each for each in heap if each[2][1] is not sender]  # in order, so still a heap
            self._pending_size -= sum(len(each[2][0].update) for each in heap)
            self._pending_size += sum(len(each[2][0].update) for each in kept)
            if kept:
                self._pending_by_client[client] = sorted(kept, key=lambda each: each[:2])
            else:
                del self._pending_by_client[client]

    def _apply_all(self, held: list[QueuedUpdate]) -> bool:
        """All at once; False when one of them is no update, or early."""
        senders = {sender for _scan, sender in held}
        try:
            self._apply(
                [scan for scan, _sender in held], senders.pop() if len(senders) == 1 else None
            )
        except Malformed:
            return False
        return True

    def _apply_one(self, one: QueuedUpdate) -> bool:
        """By itself, so that only who sent a bad one is closed. Whether it was taken in."""
        scan, sender = one
        try:
            self._apply([scan], sender)
        except PendingDependency as exc:
            self._hold_back(one, exc)
        except Malformed:
            sender.close(Close.MALFORMED)
        else:
            return True
        return False

    def _hold_back(self, one: QueuedUpdate, early: PendingDependency) -> None:
        scan, sender = one
        size = self._pending_size + len(scan.update)
        if size > MAX_PENDING_BYTES or self._pending_by_socket[sender] >= MAX_PENDING_PER_SOCKET:
            sender.close(Close.MALFORMED)
            return
        self._pending_size = size
        self._pending_by_socket[sender] += 1
        self._unretried.add(sender)
        heap = self._pending_by_client.setdefault(early.client, [])
        heappush(heap, (early.clock, next(self._numbers), one))

    def _apply_unblocked(self, taken: Sequence[QueuedUpdate]) -> None:
        """Tries what waited for these, and what waited for that."""
        todo = list(taken)
        while todo and self._pending_by_client:
            scan, _sender = todo.pop()
            for client, _start, end in scan.runs:
                todo += [one for one in self._pop_unblocked(client, end) if self._apply_one(one)]

    def _pop_unblocked(self, client: int, clock: int) -> list[QueuedUpdate]:
        heap, ready = self._pending_by_client.get(client, []), []
        while heap and heap[0][0] <= clock:
            one = heappop(heap)[2]
            self._pending_size -= len(one[0].update)
            self._pending_by_socket[one[1]] -= 1
            ready.append(one)
        if not heap:
            self._pending_by_client.pop(client, None)
        return ready
