"""The board of one open room: its Yjs document, board sockets and awareness."""

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
    MAX_DELETION_RUNS,
    MAX_GROWTH,
    NEARLY_FULL,
    STEPS_PER_CURSOR,
    STEPS_PER_REFUSED_BYTE,
    PersonLimits,
)
from apps.classroom.realtime.board.outline import Pieces
from apps.classroom.realtime.board.update_scan import Scan, scan, scan_trusted
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.board.yproto import Entry
from apps.classroom.realtime.events.protocol import BoardSize, Close
from apps.classroom.realtime.server.sockets import Refused, Socket

UNLOAD_AFTER = 60.0  # seconds without a change

Sink = Callable[[bytes], None]


class LoadedBoard(NamedTuple):
    document: Document
    uncompacted: int  # changes that are in the log and in no snapshot


class Board:
    """`store` gets each accepted update, `publish` each frame for the other processes."""

    def __init__(self, *, store: Sink, publish: Sink) -> None:
        self.is_open = False
        self.document = Document([])
        self.batcher = UpdateBatcher(self._apply_updates)
        self.sockets: set[Socket] = set()
        self.size = 0  # bytes at the last compaction
        self.bytes_since_compaction = 0
        self.compact_not_before = 0.0  # on the monotonic clock
        self.uncompacted = 0  # changes since the last compaction
        self.changed_since_version = False  # since the last version in the history
        self._dirty = False  # changed since the last diff request to the other processes
        self._last_change_at: float | None = None  # None once the document is unloaded
        self._store, self._publish = store, publish
        self.awareness = Awareness()
        self._limits: defaultdict[str, PersonLimits] = defaultdict(PersonLimits)

    def open(self, loaded: LoadedBoard | None) -> None:
        """Set the loaded board; None leaves it closed, and `join` refuses sockets."""
        if loaded is not None:
            self.is_open = True
            self.document, self.uncompacted = loaded.document, loaded.uncompacted
            first, *log = map(len, self.document.updates)
            self.size, self.bytes_since_compaction = first, sum(log)

    # -- sockets of this process ------------------------------------------------------------

    def join(self, socket: Socket) -> None:
        """Add a socket and start the synchronisation. Raises Refused if the board is not open."""
        if not self.is_open:
            raise Refused(Close.UNAVAILABLE)
        self.sockets.add(socket)
        socket.push(yproto.sync_frame(yproto.STEP1, self.document.state_vector()))
        if self.awareness:
            socket.push(self.awareness.frame())

    def leave(self, socket: Socket) -> None:
        self.batcher.drop_sender(socket)
        self.sockets.discard(socket)
        self._remove_awareness(lambda owner: owner is socket, publish=True)

    def receive(self, socket: Socket, frame: bytes) -> None:
        """Handle one frame. Raises Refused, with which the caller must close the socket."""
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
        """Handle one frame like `receive`, but apply a large update in chunks."""
        if len(frame) < LARGE or frame[0] != yproto.SYNC:
            self.receive(socket, frame)
            return
        try:
            step, payload = yproto.read_sync(frame)
            chunks = [] if step == yproto.STEP1 else await split_update(payload)
        except Malformed as exc:
            raise self._malformed(socket, frame) from exc
        if step == yproto.STEP1:
            self.receive(socket, frame)
        for chunk in chunks:
            if socket.closing is not None:
                return
            self._queue_update(socket, chunk)
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

    def _queue_update(self, socket: Socket, checked: Scan) -> None:
        self._charge(socket, checked.steps)
        self._check_clients(socket, checked)
        self._check_deletions(checked)
        if checked.runs:  # deletions are allowed on a full board
            self._check_size(len(checked.update))
        self.batcher.add(checked, socket)

    def _answer_state_vector(self, socket: Socket, state_vector: bytes) -> None:
        if yproto.count_clients(state_vector) > 2 * MAX_CLIENTS:
            raise Malformed("a state vector of more clients than a board has")
        self._charge(socket, len(yproto.read_state_vector(state_vector)))
        self.batcher.flush()  # the answer confirms the updates sent before it
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
        """Return for how many seconds nothing more of this person should be read."""
        return self._limits[socket.person.key].work.debt()

    def _check_clients(self, socket: Socket, checked: Scan) -> None:
        """Limit new client ids, since a board keeps every id it has seen. Raises Refused."""
        clocks, limits = self.document.clocks, self._limits[socket.person.key]
        new = {client for client, _start, _end in checked.runs if client not in clocks}
        if not new:
            return
        if len(clocks) + len(new) > MAX_CLIENTS:
            raise Refused(Close.TOO_LARGE)
        if not limits.allow_new_clients(new):
            raise Refused(Close.FLOOD)

    def _check_size(self, more: int) -> None:
        """Limit the size of the board. Raises Refused.

        Only compaction can measure it: while a stroke is drawn it is sent many times, so far more
        bytes come in than the board holds.
        """
        if self.size + more > MAX_BOARD:
            raise Refused(Close.TOO_LARGE)
        if self.bytes_since_compaction + more > MAX_GROWTH:
            raise Refused(Close.FLOOD)

    def _check_deletions(self, checked: Scan) -> None:
        """Limit the runs of the delete set, which is kept sorted in memory. Raises Refused."""
        room = MAX_DELETION_RUNS - self.document.deletion_runs
        if len(checked.deletions) <= room:
            return
        new = sum(not self.document.deletions.contains(run) for run in checked.deletions)
        if new > room:  # clients repeat what is known
            raise Refused(Close.TOO_LARGE)

    def _apply_updates(self, scans: Sequence[Scan], sender: Socket | None) -> None:
        """Apply, store, broadcast and publish updates. Raises Malformed, having changed nothing."""
        new_part = self.document.apply_scans(scans)
        if new_part is None:
            return
        self._mark_changed(new_part)
        self.uncompacted += 1
        self._store(new_part)
        frame = yproto.sync_frame(yproto.UPDATE, new_part)
        self._broadcast(frame, exclude=sender)
        self._publish(frame)

    def _mark_changed(self, update: bytes) -> None:
        self.bytes_since_compaction += len(update)
        self.changed_since_version = self._dirty = True
        self._last_change_at = time.monotonic()

    def mark_compacted(self, size: int, grown: int) -> None:
        """Record the compacted size; `grown` bytes had come in when the compaction began."""
        self.size, self.bytes_since_compaction = size, max(0, self.bytes_since_compaction - grown)

    def drop(self) -> None:
        """Close the board and release its document, after its last socket left."""
        self.is_open = False
        self.document = Document([])

    def size_report(self) -> BoardSize:
        marks = ("full", FULL), ("nearly_full", NEARLY_FULL), ("ok", 0.0)
        level = next(level for level, share in marks if self.size >= share * MAX_BOARD)
        return BoardSize(self.size, MAX_BOARD, level)

    def may_have_changed_level(self) -> bool:
        """Whether compaction may change the level of `size_report`, in either direction."""
        return (
            self.uncompacted > 0
            and self.size + self.bytes_since_compaction > NEARLY_FULL * MAX_BOARD
        )

    def consume_dirty(self) -> bool:
        """Return whether the board has changed since the last call."""
        was_dirty, self._dirty = self._dirty, False
        return was_dirty

    def unload_if_idle(self) -> None:
        if (
            self._last_change_at is not None
            and time.monotonic() - self._last_change_at > UNLOAD_AFTER
        ):
            self._last_change_at = None
            self.document.unload()

    def _on_awareness(self, socket: Socket, entries: list[Entry]) -> None:
        size = sum(len(entry.state) for entry in entries)
        self._charge(socket, STEPS_PER_CURSOR * len(entries) + size // BYTES_PER_STEP)
        accepted = self.awareness.apply(socket, entries)
        if accepted:
            frame = yproto.awareness_frame(accepted)
            self._broadcast(frame, exclude=socket)
            self._publish(frame)

    def _remove_awareness(self, matches: Callable[[Owner], bool], *, publish: bool) -> None:
        removed = self.awareness.remove_where(matches)
        if removed:
            frame = yproto.awareness_frame(removed)
            self._broadcast(frame)
            if publish:
                self._publish(frame)

    def _broadcast(self, frame: bytes, exclude: Socket | None = None) -> None:
        for socket in self.sockets:
            if socket is not exclude:
                socket.push(frame)

    # -- other processes, and changes made by the server ------------------------------------

    def apply_remote_frame(self, frame: bytes, process: str) -> None:
        """Apply and broadcast a frame that another process has checked. Raises Malformed."""
        if frame[0] == yproto.AWARENESS:
            accepted = self.awareness.apply_remote(yproto.read_awareness(frame), process)
            if accepted:
                self._broadcast(yproto.awareness_frame(accepted))
            return
        self._apply_stored(scan_trusted(yproto.read_sync(frame).payload))

    async def apply_stored_update(self, update: bytes) -> None:
        """Apply and broadcast an update that is already stored, a large one in chunks."""
        if len(update) < LARGE:
            self._apply_stored(scan_trusted(update))
            return
        for chunk in await split_update(update, trusted=True):
            self._apply_stored(chunk)
            await asyncio.sleep(0)

    def _apply_stored(self, checked: Scan) -> None:
        if not self.is_open:
            return
        try:
            new_part = self.document.apply_scans([checked])
        except PendingDependency:
            self._dirty = True  # so that the next heartbeat requests a diff
            return
        if new_part is not None:
            self._mark_changed(new_part)
            self._broadcast(yproto.sync_frame(yproto.UPDATE, new_part))

    def broadcast_missing(self, updates: Sequence[Pieces]) -> None:
        """Send what compaction found in the log and nobody here knew."""
        for update in updates:
            self._broadcast(yproto.sync_frame_of(yproto.UPDATE, update))

    def local_awareness_frame(self) -> bytes | None:
        return self.awareness.local_frame()

    def remove_process(self, process: str) -> None:
        self._remove_awareness(lambda owner: owner == process, publish=False)
