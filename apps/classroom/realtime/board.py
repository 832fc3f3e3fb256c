"""The board of one room in this process: a Yjs document, who looks at it, and their cursors."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from apps.classroom.folding import MAX_CLIENTS
from apps.classroom.realtime import yproto
from apps.classroom.realtime.cursors import Cursors, Owner
from apps.classroom.realtime.document import Document, Early
from apps.classroom.realtime.inbox import Inbox
from apps.classroom.realtime.limits import (
    BYTES_PER_STEP,
    FULL,
    MAX_BOARD,
    MAX_GROWTH,
    NEARLY_FULL,
    PATIENCE,
    STEPS_PER_CURSOR,
    STEPS_PER_REFUSED_BYTE,
    Limits,
)
from apps.classroom.realtime.parts import LARGE, parts
from apps.classroom.realtime.protocol import BoardSize, Close
from apps.classroom.realtime.sockets import Refused, Socket
from apps.classroom.realtime.update_scan import Scan, scan
from apps.classroom.realtime.varints import Malformed
from apps.classroom.realtime.yproto import Entry

REST_AFTER = 60.0  # seconds without a stroke

Sink = Callable[[bytes], None]


class Opened(NamedTuple):
    document: Document
    unfolded: int  # changes of its log that no snapshot has


class Board:
    """`store` takes each accepted update, `publish` each frame that other processes need."""

    def __init__(self, *, store: Sink, publish: Sink) -> None:
        self.is_open = False
        self.document = Document([])
        self.inbox = Inbox(self._take)
        self.sockets: set[Socket] = set()
        self.size = 0  # when it was last folded
        self.grown = 0  # bytes that came in since
        self.fold_not_before = 0.0  # by the monotonic clock
        self.unfolded = 0  # log rows' worth of changes since the last folding
        self.changed = False  # since the last version in the history
        self._stirred = False  # since other processes were last asked to compare
        self._drawn_at: float | None = None  # of a document that does not rest
        self._store, self._publish = store, publish
        self._cursors = Cursors()
        self._limits: defaultdict[str, Limits] = defaultdict(Limits)  # of each person

    def open(self, opened: Opened | None) -> None:
        """None: it cannot be opened now, and nobody is let in."""
        if opened is not None:
            self.is_open = True
            self.document, self.unfolded = opened.document, opened.unfolded
            first, *log = map(len, self.document.parts)
            self.size, self.grown = first, sum(log)

    # -- sockets of this process ------------------------------------------------------------

    def join(self, socket: Socket) -> None:
        """Raises Refused where the board could not be opened."""
        if not self.is_open:
            raise Refused(Close.UNAVAILABLE)
        self.sockets.add(socket)
        socket.push(yproto.sync_frame(yproto.STEP1, self.document.state_vector()))
        if self._cursors:
            socket.push(self._cursors.frame())

    def leave(self, socket: Socket) -> None:
        self.inbox.leave(socket)
        self.sockets.discard(socket)
        self._forget(lambda owner: owner is socket, tell=True)

    def receive(self, socket: Socket, frame: bytes) -> None:
        """Raises Refused, after which the socket is to be closed."""
        try:
            kind = frame[0]
            if kind == yproto.SYNC:
                self._sync(socket, frame)
            elif kind == yproto.AWARENESS:
                self._awareness(socket, yproto.read_awareness(frame))
            elif kind == yproto.QUERY_AWARENESS:
                self._answer(socket, self._cursors.frame())
            elif kind != yproto.AUTH:
                raise Refused(Close.MALFORMED)
        except (Malformed, IndexError) as exc:
            raise self._refusal(socket, frame) from exc

    async def receive_any(self, socket: Socket, frame: bytes) -> None:
        """As `receive`; a large update goes in part by part."""
        if len(frame) < LARGE or frame[0] != yproto.SYNC:
            self.receive(socket, frame)
            return
        try:
            step, payload = yproto.read_sync(frame)
            found = [] if step == yproto.STEP1 else await parts(payload)
        except Malformed as exc:
            raise self._refusal(socket, frame) from exc
        if step == yproto.STEP1:
            self.receive(socket, frame)
        for one in found:
            if socket.closing is not None:
                return
            self._bring(socket, one)
            await asyncio.sleep(0)

    def _refusal(self, socket: Socket, frame: bytes) -> Refused:
        work = self._limits[socket.person.key].work
        work.spend(STEPS_PER_REFUSED_BYTE * len(frame))
        return Refused(Close.MALFORMED)

    def _sync(self, socket: Socket, frame: bytes) -> None:
        step, payload = yproto.read_sync(frame)
        if step == yproto.STEP1:
            self._compare(socket, payload)
        elif payload != yproto.EMPTY_UPDATE:
            self._bring(socket, scan(payload))

    def _bring(self, socket: Socket, one: Scan) -> None:
        self._spend(socket, one.steps)
        self._check_clients(socket, one)
        if one.runs:  # deleting is what helps a full board
            self._check_size(len(one.update))
        self.inbox.add(one, socket)

    def _compare(self, socket: Socket, state_vector: bytes) -> None:
        self._spend(socket, len(yproto.read_state_vector(state_vector)))
        self.inbox.empty()  # the answer says that what was sent before has come
        self.inbox.retry(socket)
        *first, last = self.document.since(state_vector)
        for update in first:
            self._answer(socket, yproto.sync_frame_of(yproto.UPDATE, update))
        self._answer(socket, yproto.sync_frame_of(yproto.STEP2, last))

    def _answer(self, socket: Socket, frame: bytes) -> None:
        self._spend(socket, len(frame) // BYTES_PER_STEP)
        socket.push(frame)

    def _spend(self, socket: Socket, steps: int) -> None:
        work = self._limits[socket.person.key].work
        work.spend(steps)
        if work.debt() > PATIENCE:
            raise Refused(Close.FLOOD)

    def debt(self, socket: Socket) -> float:
        """For how many seconds nothing of this person is to be read."""
        return self._limits[socket.person.key].work.debt()

    def _check_clients(self, socket: Socket, one: Scan) -> None:
        """Each client id is carried along for as long as the board lives."""
        clocks, limits = self.document.clocks, self._limits[socket.person.key]
        new = {client for client, _start, _end in one.runs if client not in clocks}
        if not new:
            return
        if len(clocks) + len(new) > MAX_CLIENTS:
            raise Refused(Close.TOO_LARGE)
        if not limits.may_introduce(new):
            raise Refused(Close.FLOOD)

    def _check_size(self, more: int) -> None:
        """A stroke is sent again and again as it grows, so what has come in is many times what the
        board holds; that is measured when it is folded."""
        if self.size + more > MAX_BOARD:
            raise Refused(Close.TOO_LARGE)
        if self.grown + more > MAX_GROWTH:
            raise Refused(Close.FLOOD)

    def _take(self, scans: Sequence[Scan], sender: Socket | None) -> None:
        """Raises Malformed, having taken in nothing."""
        news = self.document.take_in(scans)
        if news is None:
            return
        self._note(news)
        self.unfolded += 1
        self._store(news)
        frame = yproto.sync_frame(yproto.UPDATE, news)
        self._spread(frame, but=sender)
        self._publish(frame)

    def _note(self, update: bytes) -> None:
        self.grown += len(update)
        self.changed = self._stirred = True
        self._drawn_at = time.monotonic()

    def note_folded(self, size: int, grown: int) -> None:
        """So large it is; so much had come in by then."""
        self.size, self.grown = size, max(0, self.grown - grown)

    def drop(self) -> None:
        """Nobody is there any more."""
        self.is_open = False
        self.document = Document([])

    def fullness(self) -> BoardSize:
        marks = ("full", FULL), ("nearly_full", NEARLY_FULL), ("ok", 0.0)
        level = next(level for level, share in marks if self.size >= share * MAX_BOARD)
        return BoardSize(self.size, MAX_BOARD, level)

    def may_have_filled(self) -> bool:
        """Whether folding may show another level, be it that what was full has shrunk."""
        return self.unfolded > 0 and self.size + self.grown > NEARLY_FULL * MAX_BOARD

    def take_stirred(self) -> bool:
        """Whether the board has changed since this was last asked."""
        stirred, self._stirred = self._stirred, False
        return stirred

    def rest(self) -> None:
        if self._drawn_at is not None and time.monotonic() - self._drawn_at > REST_AFTER:
            self._drawn_at = None
            self.document.rest()

    def _awareness(self, socket: Socket, entries: list[Entry]) -> None:
        told = sum(len(entry.state) for entry in entries)
        self._spend(socket, STEPS_PER_CURSOR * len(entries) + told // BYTES_PER_STEP)
        fresh = self._cursors.take(socket, entries)
        if fresh:
            frame = yproto.awareness_frame(fresh)
            self._spread(frame, but=socket)
            self._publish(frame)

    def _forget(self, belongs: Callable[[Owner], bool], *, tell: bool) -> None:
        gone = self._cursors.forget(belongs)
        if gone:
            frame = yproto.awareness_frame(gone)
            self._spread(frame)
            if tell:
                self._publish(frame)

    def _spread(self, frame: bytes, but: Socket | None = None) -> None:
        for socket in self.sockets:
            if socket is not but:
                socket.push(frame)

    # -- other processes, and the server's own changes --------------------------------------

    def take_frame(self, frame: bytes, process: str) -> None:
        """A frame that another process has checked, stored and published."""
        if frame[0] == yproto.AWARENESS:
            fresh = self._cursors.take_foreign(yproto.read_awareness(frame), process)
            if fresh:
                self._spread(yproto.awareness_frame(fresh))
            return
        self.take_update(yproto.read_sync(frame).payload)

    def take_update(self, update: bytes) -> None:
        """An update that is already stored."""
        if not self.is_open:
            return
        try:
            news = self.document.take([update])
        except Early:
            self._stirred = True  # so that the others are asked for what is missing here
            return
        if news is not None:
            self._note(news)
            self._spread(yproto.sync_frame(yproto.UPDATE, news))

    def own_cursors(self) -> bytes | None:
        return self._cursors.own_frame()

    def forget_process(self, process: str) -> None:
        self._forget(lambda owner: owner == process, tell=False)
