"""Boards between memory and the database: opened, folded now and then, added to their history.

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

from apps.classroom import store
from apps.classroom.blobs import NewerFormat
from apps.classroom.folding import (
    MAX_CLIENTS,
    SMALL,
    TOO_MANY,
    Folded,
    WorkFailed,
    folded,
    has_too_many_clients,
)
from apps.classroom.realtime import db
from apps.classroom.realtime.board import Board, Opened
from apps.classroom.realtime.document import Document, Snapshot
from apps.classroom.realtime.memory import give_back
from apps.classroom.realtime.outline import Base
from apps.classroom.realtime.writer import LogWriter
from apps.classroom.versions import keep_version

log = logging.getLogger("kreida.room")

BOARDS_AT_ONCE = 25
_opening = ThreadPoolExecutor(2, "board-opening")  # that wait for a process each
FOLD_AFTER = 5000  # changes to a board
FOLD_BYTES = 2 * 1024 * 1024  # or so much, or as much as it is large
FOLD_AGAIN = 30.0  # seconds, after one that failed or of a board that is full
# Bytes of a board that is opened or left, from which on memory is given back: others wait for that
# when they need some, and what an ordinary board leaves is soon used again.
GIVE_BACK_FROM = 4 * 1024 * 1024
VERSION_EVERY = timedelta(minutes=3)
LAST_VERSION_AFTER = timedelta(seconds=10)


def _are_large(updates: Sequence[bytes]) -> bool:
    return sum(map(len, updates)) > SMALL


def _run_for(updates: Sequence[bytes]) -> Callable[..., Awaitable[Any]]:
    return db.run_large if _are_large(updates) else db.run


class BoardKeeper:
    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer
        self._boards: db.Together[int, store.Stored]
        self._boards = db.Together(store.load, at_most=BOARDS_AT_ONCE)
        self._unopened: set[int] = set()

    async def open(self, session_id: int) -> Opened | None:
        """None: it cannot be opened, which is logged. Raises db.Failure."""
        try:
            opened = await self._open(session_id)
            if opened.document.size > GIVE_BACK_FROM:
                await asyncio.to_thread(give_back)
            return opened
        except (NewerFormat, WorkFailed, MemoryError) as exc:
            self._log_once(session_id, exc)
            return None

    def _log_once(self, session_id: int, exc: BaseException) -> None:
        """Its people come again and again."""
        if session_id not in self._unopened:
            self._unopened.add(session_id)
            why = {"session": session_id, "why": repr(exc)}
            log.error("a board cannot be opened", extra={"data": why})

    async def _open(self, session_id: int) -> Opened:
        stored = await self._boards.get(session_id) or store.Stored()
        if stored.is_newer:
            raise NewerFormat
        document = None
        if not has_too_many_clients(stored.updates):
            document = await self._read(stored)
        if document is None:
            await db.run(store.compact, session_id)
            stored = (await db.run(store.load, [session_id]))[session_id]
            document = await self._read(stored) or Document(stored.updates)
        if stored.rows:  # nobody has closed it, so its history may lack what it is now
            await self._keep(session_id, document.parts, VERSION_EVERY)
        return Opened(document, len(stored.rows) + len(document.unreadable))

    async def _read(self, stored: store.Stored) -> Document | None:
        """None where too many have drawn on it."""
        if _are_large(stored.updates):
            document = await self._read_large(stored)
        else:
            document = Document(stored.updates)
        return document if len(document.clocks) <= MAX_CLIENTS else None

    async def _read_large(self, stored: store.Stored) -> Document:
        work = partial(folded, stored.updates, outline=True)
        found = await asyncio.get_running_loop().run_in_executor(_opening, work)
        if found.outline is not None and found.why != TOO_MANY:
            with suppress(ValueError):
                document = await Document.outlined(Base(found.state, found.outline))
                document.unreadable = set(found.bad)
                return document
        return await asyncio.to_thread(Document, stored.updates)

    async def drop(self, board: Board) -> None:
        """Nobody is there any more."""
        size = board.document.size
        board.drop()
        if size > GIVE_BACK_FROM:
            await asyncio.to_thread(give_back)

    # -- folding ----------------------------------------------------------------------------

    async def fold_if_due(self, session_id: int, board: Board) -> None:
        now = time.monotonic()
        many = board.unfolded > FOLD_AFTER or board.grown > max(FOLD_BYTES, board.size)
        full = board.may_have_filled()
        if board.fold_not_before <= now and (many or full):
            board.fold_not_before = now + FOLD_AGAIN if full else 0.0
            await self._writer.flush()  # so that the log is folded too
            await self.fold(session_id, board, goes_on=True)

    async def fold(self, session_id: int, board: Board, *, goes_on: bool = False) -> None:
        """Into the snapshot; what is in memory is folded with it, and put in its place where the
        board `goes_on`."""
        if board.unfolded == 0:
            return
        done, board.unfolded = board.unfolded, 0
        before, grown = board.document.snapshot(), board.grown
        try:
            folded = await _run_for(before.parts)(
                store.compact, session_id, before.parts, outline=goes_on
            )
        except (*db.Failure, NewerFormat, WorkFailed):
            board.unfolded += done
            board.fold_not_before = time.monotonic() + FOLD_AGAIN
            log.exception("a board could not be folded; its log is still whole")
            return
        if folded is not None:
            await self._replace(board.document, before, folded)
            board.note_folded(len(folded.state), grown)
        if _are_large(before.parts):
            await asyncio.to_thread(give_back)

    @staticmethod
    async def _replace(document: Document, before: Snapshot, folded: Folded) -> None:
        state, outline = folded.state, folded.outline
        if folded.why == TOO_MANY:
            return  # others than those who drew it
        if outline is None and not (document.is_outlined and len(state) <= SMALL):
            document.replace(before, state)
            return
        try:
            await document.rebuild(before, state, Base(state, outline) if outline else None)
        except ValueError:
            log.exception("a board cannot be taken in after it was folded")

    # -- history ----------------------------------------------------------------------------

    async def add_version(self, session_id: int, board: Board, at_least: timedelta) -> None:
        if not board.changed:
            return
        board.changed = False
        if not await self._keep(session_id, list(board.document.parts), at_least):
            board.changed = True

    @staticmethod
    async def _keep(session_id: int, parts: list[bytes], at_least: timedelta) -> bool:
        try:
            kept: bool = await _run_for(parts)(
                keep_version, session_id, parts, now=timezone.now(), at_least=at_least
            )
            return kept
        except db.Failure:
            log.exception("a board's version could not be kept")
            return False
