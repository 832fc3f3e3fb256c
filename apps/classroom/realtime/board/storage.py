"""Boards between memory and the database: opened, compacted now and then, added to their history.

What takes as long as a board is large runs in threads, or in a process of its own (folding.py); the
event loop only hands lists of updates on.
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
from apps.classroom.compaction import (
    MAX_CLIENTS,
    SMALL_BOARD,
    TOO_MANY,
    CompactedBoard,
    SubprocessFailed,
    compact_in_subprocess,
    has_too_many_clients,
)
from apps.classroom.realtime.board.board import Board, LoadedBoard
from apps.classroom.realtime.board.document import Document, Snapshot
from apps.classroom.realtime.board.log_writer import LogWriter
from apps.classroom.realtime.board.memory import release_memory
from apps.classroom.realtime.board.outline import Base
from apps.classroom.realtime.server import db
from apps.classroom.versions import save_version

log = logging.getLogger("kreida.room")

MAX_BOARDS_PER_QUERY = 25
_opening = ThreadPoolExecutor(2, "board-opening")  # that wait for a process each
COMPACT_AFTER = 5000  # changes to a board
COMPACT_BYTES = 2 * 1024 * 1024  # or so much, or as much as it is large
COMPACT_RETRY_AFTER = 30.0  # seconds, after one that failed or of a board that is full
# Bytes of a board that is opened or left, from which on memory is given back: others wait for that
# when they need some, and what an ordinary board leaves is soon used again.
GIVE_BACK_FROM = 4 * 1024 * 1024
VERSION_INTERVAL = timedelta(minutes=3)
LAST_VERSION_AFTER = timedelta(seconds=10)


def _are_large(updates: Sequence[bytes]) -> bool:
    return sum(map(len, updates)) > SMALL_BOARD


def _run_for(updates: Sequence[bytes]) -> Callable[..., Awaitable[Any]]:
    return db.run_large if _are_large(updates) else db.run


class BoardStorage:
    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer
        self._boards: db.BatchLoader[int, board_log.StoredBoard]
        self._boards = db.BatchLoader(board_log.load, max_batch=MAX_BOARDS_PER_QUERY)
        self._unopened: set[int] = set()

    async def open(self, session_id: int) -> LoadedBoard | None:
        """None: it cannot be opened, which is logged. Raises db.Failure."""
        try:
            opened = await self._open(session_id)
            if opened.document.size > GIVE_BACK_FROM:
                await asyncio.to_thread(release_memory)
            return opened
        except (NewerFormat, SubprocessFailed, MemoryError) as exc:
            self._log_once(session_id, exc)
            return None

    def _log_once(self, session_id: int, exc: BaseException) -> None:
        """Its people come again and again."""
        if session_id not in self._unopened:
            self._unopened.add(session_id)
            why = {"session": session_id, "why": repr(exc)}
            log.error("a board cannot be opened", extra={"data": why})

    async def _open(self, session_id: int) -> LoadedBoard:
        stored = await self._boards.get(session_id) or board_log.StoredBoard()
        if stored.is_newer:
            raise NewerFormat
        document = None
        if not has_too_many_clients(stored.updates):
            document = await self._read(stored)
        if document is None:
            await db.run(board_log.compact, session_id)
            stored = (await db.run(board_log.load, [session_id]))[session_id]
            document = await self._read(stored) or Document(stored.updates)
        if stored.rows:  # nobody has closed it, so its history may lack what it is now
            await self._save_version(session_id, document.updates, VERSION_INTERVAL)
        return LoadedBoard(document, len(stored.rows) + len(document.unreadable))

    async def _read(self, stored: board_log.StoredBoard) -> Document | None:
        """None where too many have drawn on it."""
        if _are_large(stored.updates):
            document = await self._read_large(stored)
        else:
            document = Document(stored.updates)
        return document if len(document.clocks) <= MAX_CLIENTS else None

    async def _read_large(self, stored: board_log.StoredBoard) -> Document:
        work = partial(compact_in_subprocess, stored.updates, outline=True)
        found = await asyncio.get_running_loop().run_in_executor(_opening, work)
        if found.outline is not None and found.reason != TOO_MANY:
            with suppress(ValueError):
                document = await Document.outlined(Base(found.state, found.outline))
                document.unreadable = set(found.unreadable)
                return document
        return await asyncio.to_thread(Document, stored.updates)

    async def drop(self, board: Board) -> None:
        """Nobody is there any more."""
        size = board.document.size
        board.drop()
        if size > GIVE_BACK_FROM:
            await asyncio.to_thread(release_memory)

    # -- folding ----------------------------------------------------------------------------

    async def compact_if_due(self, session_id: int, board: Board) -> None:
        now = time.monotonic()
        many = board.uncompacted > COMPACT_AFTER or board.bytes_since_compaction > max(
            COMPACT_BYTES, board.size
        )
        full = board.may_have_filled()
        if board.compact_not_before <= now and (many or full):
            board.compact_not_before = now + COMPACT_RETRY_AFTER if full else 0.0
            await self._writer.flush()  # so that the log is compacted too
            await self.compact(session_id, board, goes_on=True)

    async def compact(self, session_id: int, board: Board, *, goes_on: bool = False) -> None:
        """Into the snapshot; what is in memory is compacted with it, and put in its place where the
        board `goes_on`."""
        if board.uncompacted == 0:
            return
        done, board.uncompacted = board.uncompacted, 0
        before, grown = board.document.snapshot(), board.bytes_since_compaction
        try:
            compacted = await _run_for(before.updates)(
                board_log.compact, session_id, before.updates, outline=goes_on
            )
        except (*db.Failure, NewerFormat, SubprocessFailed):
            board.uncompacted += done
            board.compact_not_before = time.monotonic() + COMPACT_RETRY_AFTER
            log.exception("a board could not be folded; its log is still whole")
            return
        if compacted is not None:
            await self._replace(board.document, before, compacted)
            board.mark_compacted(len(compacted.state), grown)
        if _are_large(before.updates):
            await asyncio.to_thread(release_memory)

    @staticmethod
    async def _replace(document: Document, before: Snapshot, compacted: CompactedBoard) -> None:
        state, outline = compacted.state, compacted.outline
        if compacted.reason == TOO_MANY:
            return  # others than those who drew it
        if outline is None and not (document.is_outlined and len(state) <= SMALL_BOARD):
            document.replace(before, state)
            return
        try:
            await document.rebuild(before, state, Base(state, outline) if outline else None)
        except ValueError:
            log.exception("a board cannot be taken in after it was folded")

    # -- history ----------------------------------------------------------------------------

    async def add_version(self, session_id: int, board: Board, at_least: timedelta) -> None:
        if not board.changed_since_version:
            return
        board.changed_since_version = False
        if not await self._save_version(session_id, list(board.document.updates), at_least):
            board.changed_since_version = True

    @staticmethod
    async def _save_version(session_id: int, parts: list[bytes], at_least: timedelta) -> bool:
        try:
            kept: bool = await _run_for(parts)(
                save_version, session_id, parts, now=timezone.now(), at_least=at_least
            )
            return kept
        except db.Failure:
            log.exception("a board's version could not be kept")
            return False
