"""Write the accepted updates of all rooms to the log, one transaction per batch."""

import asyncio
import contextlib
import logging
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.utils import timezone
from pycrdt import merge_updates

from apps.classroom import board_log
from apps.classroom.realtime.server import db
from apps.common.supervisor import set_failing, supervise
from apps.common.write_queue import urgent_writes

log = logging.getLogger("kreida.room")

# The least number of seconds between two batches. A crash can lose what came in during this time
# and during one transaction.
MIN_INTERVAL = 0.1
RETRY = 1.0
TASK = "log-writer"
# After this the room is notified, and a process that cannot write is not ready.
MAX_UNSAVED_TIME = timedelta(seconds=3)
MAX_UNMERGED = 2000  # more pending updates of a room are merged, while the database is unreachable


@dataclass(frozen=True)
class AddedAt:
    """A moment; its age does not change with the system's clock."""

    wall: datetime = field(default_factory=timezone.now)
    monotonic: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self.monotonic)


class LogWriter:
    def __init__(self) -> None:
        self._pending: defaultdict[int, list[bytes]] = defaultdict(list)
        self._authors: board_log.Authors = {}
        self._merged: Counter[int] = Counter()  # how many of them, from the first, are merged
        self._batch: dict[int, list[bytes]] = {}  # being stored
        self._flushes: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._flush_requested = asyncio.Event()
        self._oldest: AddedAt | None = None  # when the oldest pending update was added
        self._oldest_in_batch: AddedAt | None = None
        self._alarm: asyncio.TimerHandle | None = None  # set while a batch is not stored
        self._task = supervise(TASK, self._run)

    @property
    def unsaved_since(self) -> datetime | None:
        """When the oldest update that is not stored was added; None if all are stored."""
        oldest = self._oldest_in_batch or self._oldest
        return oldest.wall if oldest is not None else None

    @property
    def unsaved_age(self) -> timedelta:
        oldest = self._oldest_in_batch or self._oldest
        return oldest.age if oldest is not None else timedelta()

    @property
    def is_late(self) -> bool:
        """Whether an update has waited for longer than MAX_UNSAVED_TIME to be stored."""
        oldest = self._oldest_in_batch or self._oldest
        return oldest is not None and oldest.age > MAX_UNSAVED_TIME

    def add(self, session_id: int, update: bytes) -> None:
        self._oldest = self._oldest or AddedAt()
        updates = self._pending[session_id]
        updates.append(update)
        merged = self._merged[session_id]
        if len(updates) - merged > MAX_UNMERGED:
            updates[merged:] = [merge_updates(*updates[merged:])]
            self._merged[session_id] += 1
        self._wake.set()

    def add_author(self, session_id: int, client: int, person: str) -> None:
        """Store it with the next batch; the update that follows wakes the writer."""
        self._authors[session_id, client] = person

    def has_pending(self, session_id: int) -> bool:
        """Whether an update of this room is not stored yet."""
        return session_id in self._pending or session_id in self._batch

    async def flush(self) -> None:
        """Wait until everything added so far is stored, even if the database is unreachable."""
        stored = asyncio.get_running_loop().create_future()
        self._flushes.append(stored)
        self._wake.set()
        self._flush_requested.set()
        await stored

    async def flush_in_time(self) -> bool:
        """Flush; return False, without waiting for the end of an outage, if that takes too long."""
        if self.is_late:
            return False
        try:
            async with asyncio.timeout(MAX_UNSAVED_TIME.total_seconds()):
                await self.flush()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Flush and stop; gives up after five seconds if the database does not answer."""
        try:
            async with asyncio.timeout(5):
                await self.flush()
        except TimeoutError:
            log.error("board updates are lost: the database does not answer at shutdown")
        self._clear_alarm()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._flush_requested.clear()
            batch = self._batch = self._pending
            self._pending = defaultdict(list)
            authors, self._authors = self._authors, {}
            merged, self._merged = self._merged, Counter()
            flushes, self._flushes = self._flushes, []
            self._oldest_in_batch, self._oldest = self._oldest, None
            self._set_alarm()
            try:
                if authors:  # first: nobody could change what has no author
                    await db.run(board_log.add_authors, authors)
                if batch:
                    await db.run(self._store, batch)
            except Exception:  # this task must go on, or no update would be stored any more
                log.exception("the board's log cannot be written; trying again")
                self._requeue(batch, merged)
                self._authors = authors | self._authors
                self._flushes[:0] = [stored for stored in flushes if not stored.done()]
                await asyncio.sleep(RETRY)
            else:
                self._batch, self._oldest_in_batch = {}, None
                self._clear_alarm()
                set_failing(TASK, False)
                for stored in flushes:
                    if not stored.done():  # done if its waiter gave up
                        stored.set_result(None)
            await self._pause()

    def _set_alarm(self) -> None:
        """Make the process unready if the batch is not stored in time: neither while the database
        refuses it nor while it does not answer."""
        if self._alarm is None and self._oldest_in_batch is not None:
            left = MAX_UNSAVED_TIME - self._oldest_in_batch.age
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(left.total_seconds(), set_failing, TASK, True)

    def _clear_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    async def _pause(self) -> None:
        # Not wait_for, which on Python 3.11 may swallow the cancellation that ends this task.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MIN_INTERVAL):
                await self._flush_requested.wait()

    def _requeue(self, batch: dict[int, list[bytes]], merged: Counter[int]) -> None:
        for session_id, updates in batch.items():
            self._pending[session_id][:0] = updates
            self._merged[session_id] = merged[session_id]
        self._batch = {}
        self._oldest, self._oldest_in_batch = self._oldest_in_batch, None
        self._wake.set()

    @staticmethod
    def _store(batch: dict[int, list[bytes]]) -> None:
        try:
            with urgent_writes():
                board_log.append(batch)
        except IntegrityError:  # a room was deleted while open; store those of the other rooms
            existing = board_log.existing_sessions(list(batch))
            board_log.append({key: updates for key, updates in batch.items() if key in existing})
