"""Open boards from the database, compact them and save their versions.

Work whose time depends on the size of the board runs in threads or in a subprocess (compaction.py);
the event loop only passes lists of updates on.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from apps.classroom import board_log
from apps.classroom.blobs import NewerFormat
from apps.classroom.carrying import carry_board
from apps.classroom.compaction import (
    MAX_CLIENTS,
    MAX_DELETION_RUNS,
    REWRITE_FROM,
    REWRITE_FROM_RUNS,
    REWRITTEN,
    SMALL_BOARD,
    UNSCANNED,
    CompactedBoard,
    SubprocessFailed,
    compact_in_subprocess,
    has_too_many_clients,
    is_large,
    may_be_slow,
)
from apps.classroom.lessons import get_lessons
from apps.classroom.realtime.board.board import Board, LoadedBoard
from apps.classroom.realtime.board.document import Document, Snapshot
from apps.classroom.realtime.board.log_writer import LogWriter
from apps.classroom.realtime.board.memory import release_memory
from apps.classroom.realtime.board.outline import Base, Buffers
from apps.classroom.realtime.server import db
from apps.classroom.versions import save_version

log = logging.getLogger("kreida.room")

MAX_BOARDS_PER_QUERY = 25
_executor = ThreadPoolExecutor(2, "board-opening")  # each thread waits for one subprocess
COMPACT_AFTER = 5000  # changes of a board
COMPACT_BYTES = 2 * 1024 * 1024  # or so many bytes, if they are also more than the board's size
COMPACT_RETRY_AFTER = 30.0  # seconds, after a failed compaction or for a board that may be full
# Size in bytes above which opening or closing a board releases memory to the system. Other threads
# that allocate wait meanwhile, and the memory of smaller boards is soon used again.
RELEASE_MEMORY_ABOVE = 4 * 1024 * 1024
SLOW_RETRY_AFTER = 30.0  # seconds, until a board found slow is measured again
VERSION_INTERVAL = timedelta(seconds=30)
DELETION_VERSION_INTERVAL = timedelta(seconds=2)
# Comparisons (origins.py) after which a board is compacted, which measures them, and how often.
MEASURE_AFTER, MEASURE_INTERVAL = 10_000_000, 10.0
LAST_VERSION_AFTER = timedelta(seconds=10)


def _run_for(updates: Sequence[bytes]) -> Callable[..., Awaitable[Any]]:
    return db.run_large if is_large(updates) else db.run


class SlowBoard(Exception):
    """Integrating the board takes too long: it is to be rewritten."""


class BoardStorage:
    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer
        self._loader: db.BatchLoader[int, board_log.StoredBoard]
        self._loader = db.BatchLoader(board_log.load, max_batch=MAX_BOARDS_PER_QUERY)
        self._failed_sessions: set[int] = set()
        self._slow_until: dict[int, float] = {}  # by session, on the monotonic clock

    async def open(self, session_id: int, *, unopened: bool = False) -> LoadedBoard | None:
        """Load a board; log and return None if it cannot be opened. Raises db.Failure.

        If no process has it open (`unopened`), it is rewritten long before its client ids run out,
        or if it is slow; a slow board that another process has open is not opened here.
        """
        if not unopened and self._was_slow(session_id):
            return None
        try:
            loaded = await self._open(session_id, unopened)
            if loaded.document.size > RELEASE_MEMORY_ABOVE:
                await asyncio.to_thread(release_memory)
            return loaded
        except (NewerFormat, SubprocessFailed, SlowBoard, MemoryError) as exc:
            if isinstance(exc, SlowBoard):
                self._slow_until[session_id] = time.monotonic() + SLOW_RETRY_AFTER
            self._log_once(session_id, exc)
            return None

    def _was_slow(self, session_id: int) -> bool:
        """Whether a board was found slow just now: each of its clients would have it measured again
        at each attempt to connect."""
        now = time.monotonic()
        self._slow_until = {pk: until for pk, until in self._slow_until.items() if until > now}
        return session_id in self._slow_until

    def _log_once(self, session_id: int, exc: BaseException) -> None:
        """Log a board that cannot be opened once, since its clients try again and again."""
        if session_id not in self._failed_sessions:
            self._failed_sessions.add(session_id)
            data = {"session": session_id, "why": repr(exc)}
            log.error("a board cannot be opened", extra={"data": data})

    async def _open(self, session_id: int, unopened: bool) -> LoadedBoard:
        rewrite_from, rewrite_from_runs = (
            (REWRITE_FROM, REWRITE_FROM_RUNS) if unopened else (MAX_CLIENTS, MAX_DELETION_RUNS)
        )
        stored = await self._loader.get(session_id) or board_log.StoredBoard()
        if stored.version is None and not stored.rows:
            stored = await self._carry(session_id) or stored
        if stored.is_newer:
            raise NewerFormat
        loaded = None
        try:
            if not has_too_many_clients(stored.updates, rewrite_from):
                loaded = await self._load(stored)
        except SlowBoard:
            if not unopened:
                raise
        if (
            loaded is None
            or len(loaded.document.clocks) >= rewrite_from
            or loaded.document.deletion_runs >= rewrite_from_runs
        ):
            await _run_for(stored.updates)(board_log.compact, session_id, unopened=unopened)
            stored = (await db.run(board_log.load, [session_id]))[session_id]
            loaded = await self._load(stored)
        if stored.rows:  # not closed properly, so its last state may be missing in the history
            await self._save_version(session_id, loaded.document.updates, VERSION_INTERVAL)
        return loaded

    @staticmethod
    async def _carry(session_id: int) -> board_log.StoredBoard | None:
        """Begin an empty board with that of an earlier lesson, if it is to be carried on."""
        if not await db.run_large(carry_board, session_id, get_lessons()):
            return None
        return (await db.run(board_log.load, [session_id]))[session_id]

    async def _load(self, stored: board_log.StoredBoard) -> LoadedBoard:
        if is_large(stored.updates):
            return await self._load_large(stored)
        if sum(map(len, stored.updates)) <= UNSCANNED:
            document = Document(stored.updates)
        else:
            document = await asyncio.to_thread(self._load_small, stored.updates)
        faults = len(document.unreadable) + len(stored.cleaned)
        return LoadedBoard(document, len(stored.rows) + faults)

    @staticmethod
    def _load_small(updates: Sequence[bytes]) -> Document:
        if may_be_slow(updates) and compact_in_subprocess(updates).is_slow:
            raise SlowBoard
        return Document(updates)

    @staticmethod
    async def _load_large(stored: board_log.StoredBoard) -> LoadedBoard:
        work = partial(compact_in_subprocess, stored.updates, outline=True)
        compacted = await asyncio.get_running_loop().run_in_executor(_executor, work)
        if compacted.is_slow:
            raise SlowBoard
        document = None
        if compacted.outline is not None:
            with suppress(ValueError):
                document = await Document.outlined(Base(compacted.state, compacted.outline))
        if document is None:
            document = await asyncio.to_thread(Document, [compacted.state])
        faults = len(compacted.unreadable) + bool(compacted.reason)
        return LoadedBoard(document, len(stored.rows) + faults)

    async def drop(self, board: Board) -> None:
        """Release a board after its last socket left."""
        size = board.document.size
        board.drop()
        if size > RELEASE_MEMORY_ABOVE:
            await asyncio.to_thread(release_memory)

    # -- compaction -------------------------------------------------------------------------

    async def compact_if_due(self, session_id: int, board: Board) -> None:
        """Compact a board that needs it; while the log cannot be written, a later call does so."""
        now = time.monotonic()
        is_due = board.uncompacted > COMPACT_AFTER or board.bytes_since_compaction > max(
            COMPACT_BYTES, board.size
        )
        level_may_differ = board.may_have_changed_level()
        to_measure = board.document.comparisons > MEASURE_AFTER
        if board.compact_not_before > now or not (is_due or level_may_differ or to_measure):
            return
        if await self._writer.flush_in_time():  # so that the log is compacted too
            interval = COMPACT_RETRY_AFTER if level_may_differ else MEASURE_INTERVAL * to_measure
            board.compact_not_before = now + interval
            await self.compact(session_id, board, stays_open=True)

    async def compact(self, session_id: int, board: Board, *, stays_open: bool = False) -> None:
        """Compact the log and the board in memory into the snapshot.

        If the board `stays_open`, a large one gets an outline to replace its document by.
        """
        if board.uncompacted == 0:
            return
        done, board.uncompacted = board.uncompacted, 0
        before, grown = board.document.snapshot(), board.bytes_since_compaction
        run = _run_for(before.updates * 2)  # the log may hold them once more
        try:
            compacted = await run(board_log.compact, session_id, before.updates, outline=stays_open)
        except (*db.Failure, NewerFormat, SubprocessFailed):
            board.uncompacted += done
            board.compact_not_before = time.monotonic() + COMPACT_RETRY_AFTER
            log.exception("a board could not be compacted; its log is still complete")
            return
        if compacted is not None:
            board.broadcast_missing(await self._replace(board.document, before, compacted))
            board.mark_compacted(len(compacted.state), grown)
            board.document.mark_measured(before)
            board.is_slow = compacted.is_slow
        if is_large(before.updates):
            await asyncio.to_thread(release_memory)

    @staticmethod
    async def _replace(
        document: Document, before: Snapshot, compacted: CompactedBoard
    ) -> list[Buffers]:
        """Return the updates that the log held and the document lacked."""
        state, outline = compacted.state, compacted.outline
        if compacted.reason in REWRITTEN:
            return []  # its client ids differ from those of the document in memory
        if outline is None and not (document.is_outlined and len(state) <= SMALL_BOARD):
            document.replace(before, state)
            return []
        try:
            return await document.rebuild(before, state, Base(state, outline) if outline else None)
        except ValueError:
            log.exception("a compacted board could not be loaded")
            return []

    # -- history ----------------------------------------------------------------------------

    async def add_version(self, session_id: int, board: Board, at_least: timedelta) -> None:
        """Save the board as it was before a large deletion, and as it is now if it is time."""
        before = board.before_deletion
        if before is not None and await self._save_version(
            session_id, before, DELETION_VERSION_INTERVAL
        ):
            board.before_deletion = None
        if not board.changed_since_version:
            return
        board.changed_since_version = False
        if not await self._save_version(session_id, list(board.document.updates), at_least):
            board.changed_since_version = True

    @staticmethod
    async def _save_version(session_id: int, updates: list[bytes], at_least: timedelta) -> bool:
        try:
            saved: bool = await _run_for(updates)(
                save_version, session_id, updates, now=timezone.now(), at_least=at_least
            )
            return saved
        except db.Failure:
            log.exception("a version of a board could not be saved")
            return False
