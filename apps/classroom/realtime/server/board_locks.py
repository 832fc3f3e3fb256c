"""Makes the guard of a room's board follow the tutor's rules, and describes them to people."""

import asyncio
import logging
import time

from apps.classroom import board_log
from apps.classroom.policies import BoardRules, Drawing, Person
from apps.classroom.realtime.board.board import Board
from apps.classroom.realtime.board.chunks import index_slots
from apps.classroom.realtime.board.guard import BoardGuard
from apps.classroom.realtime.board.slots import read_items
from apps.classroom.realtime.events import protocol as wire
from apps.classroom.realtime.server import db

log = logging.getLogger("kreida.room")

MAX_LOAD_INTERVAL = 60.0  # seconds between two loads of authors that are not stored
# Seconds for which the index of a board is kept once nothing is locked any more.
KEEP_INDEX = 60.0


class BoardLocks:
    """Makes the guard of a board for its rules; until it is made, those before hold."""

    def __init__(self, board: Board, session_id: int, rules: BoardRules) -> None:
        self._board, self._session_id = board, session_id
        self._sent = rules  # to the people of the room, last
        self._lock = asyncio.Lock()
        self._unlocked_at: float | None = None  # on the monotonic clock, while nothing is locked
        self._missing: set[int] = set()  # client ids whose author was not stored at the last load
        self._load_at = self._load_interval = 0.0  # the next load for them, on the monotonic clock

    async def apply(self) -> bool:
        """Make the guard follow the rules; return whether people have to be sent the rules."""
        async with self._lock:
            has_changed = await self._update_guard()
            sent, self._sent = self._sent, self._board.rules
            return has_changed or sent != self._sent

    async def _update_guard(self) -> bool:
        """Return whether something was changed."""
        board = self._board
        if not board.is_open:
            board.guard = None
            return False
        if not board.rules.lock_something:
            return self._unlock()
        self._unlocked_at = None
        has_changed = await self._load_authors()
        if board.guard is None or not board.is_index_complete:
            await self._make_guard()
            return True
        if board.guard.rules != board.rules or board.guard.is_outdated:
            board.guard.set_rules(board.rules)
            return True
        return has_changed

    def _unlock(self) -> bool:
        """Return whether something was locked until now. The guard, which then allows everything,
        is kept for a while: making its index takes seconds on a large board, and a lock that is
        switched on and off would make it each time."""
        guard, now = self._board.guard, time.monotonic()
        if guard is None:
            return False
        if self._unlocked_at is None:
            self._unlocked_at = now
            guard.set_rules(self._board.rules)
            return True
        if now - self._unlocked_at > KEEP_INDEX or not self._board.is_index_complete:
            self._board.guard = None
        return False

    async def _make_guard(self) -> None:
        board = self._board
        for _attempt in range(3):  # again if it was compacted meanwhile
            before = board.document.snapshot()
            index = await index_slots(before.updates)
            after = board.document.snapshot()
            board.is_index_complete = after.replacements == before.replacements
            if board.is_index_complete:
                break
        for update in after.updates[len(before.updates) :] if board.is_index_complete else ():
            index.add(read_items(update))
        if board.is_open:
            board.guard = BoardGuard(board.document, board.rules, index, board.authors)

    async def _load_authors(self) -> bool:
        """Load who drew under client ids that this process has not met; return whether any was
        found.

        Another process stores them a moment after it has published their changes, or once its
        database is back, so that they are loaded again, less and less often.
        """
        board = self._board
        if board.rules.drawing is not Drawing.OWN:
            return False
        missing = board.document.clocks.keys() - board.authors.keys()
        if not missing:
            return False
        if not missing <= self._missing:
            self._load_at = self._load_interval = 0.0
        if time.monotonic() < self._load_at:
            return False
        try:
            stored = await db.run(board_log.load_authors, self._session_id)
        except db.Failure:
            log.exception("the authors on a board could not be loaded")
            return False
        board.authors |= stored
        self._missing = missing - stored.keys()
        self._load_interval = min(2 * self._load_interval or 1.0, MAX_LOAD_INTERVAL)
        self._load_at = time.monotonic() + self._load_interval
        return bool(missing & stored.keys())

    def describe(self, person: Person) -> wire.BoardRules:
        """Return the rules as they are sent to `person`."""
        rules, guard = self._board.rules, self._board.guard
        pages = sorted(rules.locked_pages)
        if person.is_tutor or guard is None:
            return wire.BoardRules(rules.drawing, pages)
        until = guard.locked_until if rules.drawing is Drawing.NEW else {}
        authors = self._board.authors if rules.drawing is Drawing.OWN else {}
        own = [client for client, author in authors.items() if author == person.key]
        return wire.BoardRules(rules.drawing, pages, list(until.items()), own)
