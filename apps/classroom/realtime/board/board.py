"""The board of one room in this process: a Yjs document, who looks at it, and their cursors."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from apps.classroom.compaction import MAX_CLIENTS
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.awareness import Awareness, Owner
from apps.classroom.realtime.board.batcher import UpdateBatcher
from apps.classroom.realtime.board.chunks import LARGE, split_update
from apps.classroom.realtime.board.document import Document, PendingDependency
from apps.classroom.realtime.board.limits import (
    BYTES_PER_STEP,
    FULL,
    MAX_BOARD,
    MAX_DEBT,
    MAX_GROWTH,
    NEARLY_FULL,
    STEPS_PER_CURSOR,
    STEPS_PER_REFUSED_BYTE,
    PersonLimits,
)
from apps.classroom.realtime.board.update_scan import Scan, scan
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.board.yproto import Entry
from apps.classroom.realtime.events.protocol import BoardSize, Close
from apps.classroom.realtime.server.sockets import Refused, Socket

UNLOAD_AFTER = 60.0  # seconds without a stroke

Sink = Callable[[bytes], None]


class LoadedBoard(NamedTuple):
    document: Document
    uncompacted: int  # changes of its log that no snapshot has


class Board:
    """`store` takes each accepted update, `publish` each frame that other processes need."""

    def __init__(self, *, store: Sink, publish: Sink) -> None:
        self.is_open = False
        self.document = Document([])
        self.batcher = UpdateBatcher(self._apply_updates)
        self.sockets: set[Socket] = set()
        self.size = 0  # when it was last folded
        self.bytes_since_compaction = 0  # bytes that came in since
        self.compact_not_before = 0.0  # by the monotonic clock
        self.uncompacted = 0  # log rows' worth of changes since the last folding
        self.changed_since_version = False  # since the last version in the history
        self._dirty = False  # since other processes were last asked to compare
        self._last_change_at: float | None = None  # of a document that does not rest
        self._store, self._publish = store, publish
        self.awareness = Awareness()
        self._limits: defaultdict[str, PersonLimits] = defaultdict(PersonLimits)  # of each person

    def open(self, opened: LoadedBoard | None) -> None:
        """None: it cannot be opened now, and nobody is let in."""
        if opened is not None:
            self.is_open = True
            self.document, self.uncompacted = opened.document, opened.uncompacted
            first, *log = map(len, self.document.updates)
            self.size, self.bytes_since_compaction = first, sum(log)

    # -- sockets of this process ------------------------------------------------------------

    def join(self, socket: Socket) -> None:
        """Raises Refused where the board could not be opened."""
        if not self.is_open:
            raise Refused(Close.UNAVAILABLE)
        self.sockets.add(socket)
        socket.push(yproto.sync_frame(yproto.STEP1, self.document.state_vector()))
        if self.awareness:
            socket.push(self.awareness.frame())

    def leave(self, socket: Socket) -> None:
        self.batcher.drop_sender(socket)
        self.sockets.discard(socket)
        self._remove_awareness(lambda owner: owner is socket, tell=True)

    def receive(self, socket: Socket, frame: bytes) -> None:
        """Raises Refused, after which the socket is to be closed."""
        try:
            kind = frame[0]
            if kind == yproto.SYNC:
                self._on_sync(socket, frame)
            elif kind == yproto.AWARENESS:
                self._on_awareness(socket, yproto.read_awareness(frame))
            elif kind == yproto.QUERY_AWARENESS:
                self._send_answer(socket, self.awareness.frame())
            elif kind != yproto.AUTH:
                raise Refused(Close.MALFORMED)
        except (Malformed, IndexError) as exc:
            raise self._malformed(socket, frame) from exc

    async def receive_chunked(self, socket: Socket, frame: bytes) -> None:
        """As `receive`; a large update goes in part by part."""
        if len(frame) < LARGE or frame[0] != yproto.SYNC:
            self.receive(socket, frame)
            return
        try:
            step, payload = yproto.read_sync(frame)
            found = [] if step == yproto.STEP1 else await split_update(payload)
        except Malformed as exc:
            raise self._malformed(socket, frame) from exc
        if step == yproto.STEP1:
            self.receive(socket, frame)
        for one in found:
            if socket.closing is not None:
                return
            self._queue_update(socket, one)
            await asyncio.sleep(0)

    def _malformed(self, socket: Socket, frame: bytes) -> Refused:
        work = self._limits[socket.person.key].work
        work.charge(STEPS_PER_REFUSED_BYTE * len(frame))
        return Refused(Close.MALFORMED)

    def _on_sync(self, socket: Socket, frame: bytes) -> None:
        step, payload = yproto.read_sync(frame)
        if step == yproto.STEP1:
            self._answer_state_vector(socket, payload)
        elif payload != yproto.EMPTY_UPDATE:
            self._queue_update(socket, scan(payload))

    def _queue_update(self, socket: Socket, one: Scan) -> None:
        self._charge(socket, one.steps)
        self._check_clients(socket, one)
        if one.runs:  # deleting is what helps a full board
            self._check_size(len(one.update))
        self.batcher.add(one, socket)

    def _answer_state_vector(self, socket: Socket, state_vector: bytes) -> None:
        self._charge(socket, len(yproto.read_state_vector(state_vector)))
        self.batcher.flush()  # the answer says that what was sent before has come
        self.batcher.retry_pending(socket)
        *first, last = self.document.diff(state_vector)
        for update in first:
            self._send_answer(socket, yproto.sync_frame_of(yproto.UPDATE, update))
        self._send_answer(socket, yproto.sync_frame_of(yproto.STEP2, last))

    def _send_answer(self, socket: Socket, frame: bytes) -> None:
        self._charge(socket, len(frame) // BYTES_PER_STEP)
        socket.push(frame)

    def _charge(self, socket: Socket, steps: int) -> None:
        work = self._limits[socket.person.key].work
        work.charge(steps)
        if work.debt() > MAX_DEBT:
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
        if self.bytes_since_compaction + more > MAX_GROWTH:
            raise Refused(Close.FLOOD)

    def _apply_updates(self, scans: Sequence[Scan], sender: Socket | None) -> None:
        """Raises Malformed, having taken in nothing."""
        news = self.document.apply_scans(scans)
        if news is None:
            return
        self._mark_changed(news)
        self.uncompacted += 1
        self._store(news)
        frame = yproto.sync_frame(yproto.UPDATE, news)
        self._broadcast(frame, but=sender)
        self._publish(frame)

    def _mark_changed(self, update: bytes) -> None:
        self.bytes_since_compaction += len(update)
        self.changed_since_version = self._dirty = True
        self._last_change_at = time.monotonic()

    def mark_compacted(self, size: int, grown: int) -> None:
        """So large it is; so much had come in by then."""
        self.size, self.bytes_since_compaction = size, max(0, self.bytes_since_compaction - grown)

    def drop(self) -> None:
        """Nobody is there any more."""
        self.is_open = False
        self.document = Document([])

    def size_report(self) -> BoardSize:
        marks = ("full", FULL), ("nearly_full", NEARLY_FULL), ("ok", 0.0)
        level = next(level for level, share in marks if self.size >= share * MAX_BOARD)
        return BoardSize(self.size, MAX_BOARD, level)

    def may_have_filled(self) -> bool:
        """Whether folding may show another level, be it that what was full has shrunk."""
        return (
            self.uncompacted > 0
            and self.size + self.bytes_since_compaction > NEARLY_FULL * MAX_BOARD
        )

    def consume_dirty(self) -> bool:
        """Whether the board has changed since this was last asked."""
        stirred, self._dirty = self._dirty, False
        return stirred

    def unload_if_idle(self) -> None:
        if (
            self._last_change_at is not None
            and time.monotonic() - self._last_change_at > UNLOAD_AFTER
        ):
            self._last_change_at = None
            self.document.unload()

    def _on_awareness(self, socket: Socket, entries: list[Entry]) -> None:
        told = sum(len(entry.state) for entry in entries)
        self._charge(socket, STEPS_PER_CURSOR * len(entries) + told // BYTES_PER_STEP)
        fresh = self.awareness.apply(socket, entries)
        if fresh:
            frame = yproto.awareness_frame(fresh)
            self._broadcast(frame, but=socket)
            self._publish(frame)

    def _remove_awareness(self, belongs: Callable[[Owner], bool], *, tell: bool) -> None:
        gone = self.awareness.remove_where(belongs)
        if gone:
            frame = yproto.awareness_frame(gone)
            self._broadcast(frame)
            if tell:
                self._publish(frame)

    def _broadcast(self, frame: bytes, but: Socket | None = None) -> None:
        for socket in self.sockets:
            if socket is not but:
                socket.push(frame)

    # -- other processes, and the server's own changes --------------------------------------

    def apply_remote_frame(self, frame: bytes, process: str) -> None:
        """A frame that another process has checked, stored and published."""
        if frame[0] == yproto.AWARENESS:
            fresh = self.awareness.apply_remote(yproto.read_awareness(frame), process)
            if fresh:
                self._broadcast(yproto.awareness_frame(fresh))
            return
        self.apply_stored_update(yproto.read_sync(frame).payload)

    def apply_stored_update(self, update: bytes) -> None:
        """An update that is already stored."""
        if not self.is_open:
            return
        try:
            news = self.document.apply_updates([update])
        except PendingDependency:
            self._dirty = True  # so that the others are asked for what is missing here
            return
        if news is not None:
            self._mark_changed(news)
            self._broadcast(yproto.sync_frame(yproto.UPDATE, news))

    def local_awareness_frame(self) -> bytes | None:
        return self.awareness.own_frame()

    def remove_process(self, process: str) -> None:
        self._remove_awareness(lambda owner: owner == process, tell=False)
