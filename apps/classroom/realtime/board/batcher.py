"""Batch the updates that reach a board in one turn of the event loop, and hold pending ones.

A batch costs little more than one update: the document, the log and each other socket get one
update. An update is pending while it depends on another that has not arrived.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from pycrdt import merge_updates

from apps.classroom.realtime.board import limits
from apps.classroom.realtime.board.board import Board
from apps.classroom.realtime.board.chunks import split_conflicts
from apps.classroom.realtime.board.update_scan import ItemId, PendingDependency, Scan, scan
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.sockets import Refused, Socket

# A batch of this size is applied at once, which bounds the frames sent to the other sockets.
MAX_BATCH_BYTES = 256 * 1024
# Pending updates: bytes per board, number per socket.
MAX_PENDING_BYTES = 4 * 1024 * 1024
MAX_PENDING_PER_SOCKET = 300
# After a slow batch of several senders, so many are applied one update at a time.
MAX_UNMERGED = 300
# A batch of several senders that takes this much longer than its scan counted has a slow sender; a
# large one of honest senders takes some milliseconds.
SLOW_BATCH_STEPS = 20_000


class QueuedUpdate(NamedTuple):
    scan: Scan
    sender: Socket


class PendingUpdate(NamedTuple):
    """An update that waits for `clock` of a client; `number` keeps the order of arrival."""

    clock: int
    number: int
    update: QueuedUpdate


class UpdateBatcher:
    """Applies updates to a board in batches.

    A batch of several senders is applied without naming one, so that each of them gets it too.
    """

    def __init__(self, board: Board, people: limits.PeopleLimits) -> None:
        self._board, self._people = board, people
        self._queued: list[QueuedUpdate] = []
        self._size = 0
        # By the client waited for, heaps with the lowest clock first: an update retries only the
        # pending ones that may depend on it.
        self._pending_by_client: dict[int, list[PendingUpdate]] = {}
        self._pending_size = 0
        self._pending_by_socket: Counter[Socket] = Counter()
        self._unretried: set[Socket] = set()  # senders with updates added since the last retry
        self._sequence = count()
        self._unmerged = 0  # how many batches of several senders are not applied as one

    def add(self, scan: Scan, sender: Socket) -> None:
        if not self._queued:
            asyncio.get_running_loop().call_soon(self.flush)
        self._queued.append(QueuedUpdate(scan, sender))
        self._size += len(scan.update)
        if self._size > MAX_BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Apply the batch now."""
        batch, self._queued, self._size = self._queued, [], 0
        if batch:
            self._apply_unblocked(
                batch
                if self._apply_all(batch)
                else [queued for queued in batch if self._apply_one(queued)]
            )

    def drop_sender(self, sender: Socket) -> None:
        """Apply the batch and drop the sender's pending updates: its client sends them again when
        it reconnects."""
        self.flush()
        self._drop_pending(sender)

    def pending_senders(self) -> list[Socket]:
        return list(self._pending_by_socket)

    def retry_pending(self, sender: Socket) -> None:
        """Apply the sender's pending updates as one: chunks of a large update may depend on each
        other."""
        if sender not in self._unretried:
            return
        self._unretried.discard(sender)
        pending = [
            each
            for heap in self._pending_by_client.values()
            for each in heap
            if each.update.sender is sender
        ]
        updates = [each.update for each in sorted(pending, key=lambda each: each.number)]
        if self._apply_all(updates) or self._apply_merged(updates):
            self._drop_pending(sender)
            self._apply_unblocked(updates)

    def _drop_pending(self, sender: Socket) -> None:
        self._unretried.discard(sender)
        if not self._pending_by_socket.pop(sender, 0):
            return
        for client, heap in list(self._pending_by_client.items()):
            kept = [each for each in heap if each.update.sender is not sender]
            self._pending_size -= sum(len(each.update.scan.update) for each in heap)
            self._pending_size += sum(len(each.update.scan.update) for each in kept)
            if kept:
                self._pending_by_client[client] = sorted(kept, key=lambda each: each[:2])
            else:
                del self._pending_by_client[client]

    def _apply_all(self, batch: list[QueuedUpdate]) -> bool:
        """Apply a batch as one; return False if an update is malformed or pending."""
        senders = {sender for _scan, sender in batch}
        scans = [scan for scan, _sender in batch]
        conflicts = self._board.document.find_conflicts(scans)
        if len(conflicts) > 1:
            return False
        if len(senders) > 1 and self._board.is_guarded:  # each may change something else
            return False
        if len(senders) > 1 and self._unmerged > 0:  # so that the slow sender is charged
            self._unmerged -= 1
            return False
        try:
            self._apply(scans, senders, conflicts)
        except (Malformed, Refused):
            return False
        return True

    def _apply(self, scans: Sequence[Scan], senders: set[Socket], conflicts: set[ItemId]) -> None:
        """Apply updates as one, and charge their sender for the time that yrs takes beyond what the
        scan counted: with how many items it compares a new one depends on what the board already
        has. Raises Malformed.

        Not where the time may be another's: in a batch of several senders, or if the document has
        to be loaded first.
        """
        sender = next(iter(senders)) if len(senders) == 1 else None
        is_loaded, begun = self._board.document.is_loaded, time.thread_time()
        try:
            self._board.apply_updates(scans, sender)
        finally:
            taken = (time.thread_time() - begun) * limits.STEPS_PER_SECOND
            excess = max(0.0, taken - sum(scanned.steps for scanned in scans))
            if conflicts:
                excess = limits.STEPS_PER_CONFLICT + limits.CONFLICT_WEIGHT * excess
            if excess > limits.UNCHARGED_STEPS and is_loaded:
                self._charge_excess(excess, sender)

    def _charge_excess(self, excess: float, sender: Socket | None) -> None:
        if sender is not None:
            self._people[sender.person.key].work.charge(excess)
        elif excess > SLOW_BATCH_STEPS:
            self._unmerged = MAX_UNMERGED

    def _apply_one(self, queued: QueuedUpdate) -> bool:
        """Apply one update alone, so that only the sender of a bad one is closed; return whether
        it was applied."""
        scan, sender = queued
        if sender.closing is not None:
            return False
        conflicts = self._board.document.find_conflicts([scan])
        if len(conflicts) > 1:
            return self._apply_conflicts(queued, conflicts)
        try:
            self._apply([scan], {sender}, conflicts)
        except PendingDependency as exc:
            self._add_pending(queued, exc)
        except Malformed:
            sender.close(Close.MALFORMED)
        except Refused as exc:
            sender.close(exc.code)
        else:
            return True
        return False

    def _apply_conflicts(self, queued: QueuedUpdate, conflicts: set[ItemId]) -> bool:
        """Apply an update with several conflicts one by one, until its sender has no budget left:
        what each costs is only known afterwards. Return whether all was applied."""
        scan, sender = queued
        self._board.document.ensure_loaded()  # whose time is not the sender's
        work = self._people[sender.person.key].work
        work.charge(limits.STEPS_PER_CONFLICT * len(conflicts) + scan.steps)
        try:
            if work.debt() > limits.MAX_DEBT:
                raise Refused(Close.FLOOD)
            self._board.document.check_dependencies([scan])
            for chunk in split_conflicts(scan, conflicts):
                self._apply([chunk], {sender}, conflicts)
                if work.debt() > limits.MAX_DEBT:
                    raise Refused(Close.FLOOD)
        except PendingDependency as exc:
            self._add_pending(queued, exc)
        except Malformed:
            sender.close(Close.MALFORMED)
        except Refused as exc:
            sender.close(exc.code)
        else:
            return True
        return False

    def _apply_merged(self, batch: list[QueuedUpdate]) -> bool:
        """Apply a batch of one sender if several conflicts are why it cannot be applied as one."""
        scans = [queued.scan for queued in batch]
        conflicts = self._board.document.find_conflicts(scans)
        if len(conflicts) <= 1:
            return False
        try:
            self._board.document.check_dependencies(scans)
            merged = scan(merge_updates(*(each.update for each in scans)))
        except (Malformed, ValueError):
            return False
        return self._apply_conflicts(QueuedUpdate(merged, batch[0].sender), conflicts)

    def _add_pending(self, queued: QueuedUpdate, missing: PendingDependency) -> None:
        scan, sender = queued
        size = self._pending_size + len(scan.update)
        if size > MAX_PENDING_BYTES or self._pending_by_socket[sender] >= MAX_PENDING_PER_SOCKET:
            sender.close(Close.MALFORMED)
            return
        self._pending_size = size
        self._pending_by_socket[sender] += 1
        self._unretried.add(sender)
        heap = self._pending_by_client.setdefault(missing.client, [])
        heappush(heap, PendingUpdate(missing.clock, next(self._sequence), queued))

    def _apply_unblocked(self, applied: Sequence[QueuedUpdate]) -> None:
        """Apply the pending updates that depend on these, and those that depend on them in turn."""
        todo = list(applied)
        while todo and self._pending_by_client:
            scan, _sender = todo.pop()
            for client, _start, end in scan.runs:
                unblocked = self._pop_unblocked(client, end)
                todo += [queued for queued in unblocked if self._apply_one(queued)]

    def _pop_unblocked(self, client: int, clock: int) -> list[QueuedUpdate]:
        heap, ready = self._pending_by_client.get(client, []), list[QueuedUpdate]()
        while heap and heap[0].clock <= clock:
            queued = heappop(heap).update
            self._pending_size -= len(queued.scan.update)
            self._pending_by_socket[queued.sender] -= 1
            ready.append(queued)
        if not heap:
            self._pending_by_client.pop(client, None)
        return ready
