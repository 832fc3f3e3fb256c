"""The board of one open room: its Yjs document, board sockets and awareness.

Changes are applied, appended to the log and broadcast here; receiver.py decides which.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from apps.classroom.policies import BoardRules, Person
from apps.classroom.realtime.board import limits, yproto
from apps.classroom.realtime.board.awareness import Awareness, Owner
from apps.classroom.realtime.board.chunks import LARGE, split_conflicts, split_update
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.guard import BoardGuard
from apps.classroom.realtime.board.log import BoardLog
from apps.classroom.realtime.board.outline import Buffers
from apps.classroom.realtime.board.update_scan import PendingDependency, Scan, scan_trusted
from apps.classroom.realtime.board.yproto import Entry
from apps.classroom.realtime.events.protocol import BoardSize, Close
from apps.classroom.realtime.server.sockets import Refused, Socket

UNLOAD_AFTER = 60.0  # seconds without a change
LARGE_DELETION = 10  # elements; a version is saved of the board before it


class LoadedBoard(NamedTuple):
    document: Document
    uncompacted: int  # changes that are in the log and in no snapshot


class Board:
    def __init__(self, log: BoardLog) -> None:
        self.is_open = False
        self.document = Document([])
        self.awareness = Awareness()
        self.sockets: set[Socket] = set()
        self.size = 0  # bytes at the last compaction
        self.bytes_since_compaction = 0
        self.compact_not_before = 0.0  # on the monotonic clock
        self.uncompacted = 0  # changes since the last compaction
        self.changed_since_version = False  # since the last version in the history
        self.is_storage_full = False  # the tutor's quota is used up
        self.is_slow = False  # to be rewritten before more may be drawn
        self.before_deletion: list[bytes] | None = None  # updates, until they are saved
        self.authors: dict[int, str] = {}  # person keys by client id, of those this process met
        self.rules = BoardRules()
        self.guard: BoardGuard | None = None  # while something is locked, and a little longer
        self.is_index_complete = True  # of the guard
        self._dirty = False  # changed since the last diff request to the other processes
        self._last_change_at: float | None = None  # None once the document is unloaded
        self._log = log

    def open(self, loaded: LoadedBoard | None) -> None:
        """Set the loaded board; None leaves it closed, and `join` refuses sockets."""
        if loaded is not None:
            self.is_open = True
            self.document, self.uncompacted = loaded.document, loaded.uncompacted
            first, *log = map(len, self.document.updates)
            self.size, self.bytes_since_compaction = first, sum(log)

    def drop(self) -> None:
        """Close the board and release its document, after its last socket left."""
        self.is_open, self.guard, self.authors = False, None, {}
        self.document = Document([])

    @property
    def is_guarded(self) -> bool:
        return self.guard is not None and self.guard.rules.lock_something

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
        self.sockets.discard(socket)
        self._remove_awareness(lambda owner: owner is socket, publish=True)

    def apply_updates(self, scans: Sequence[Scan], sender: Socket | None) -> None:
        """Apply, store, broadcast and publish updates. Raises Malformed, or Refused for what the
        sender may not change, having changed nothing."""
        if self.guard is not None:
            self.guard.check(scans, sender.person if sender is not None else None)
        before = None
        if self.before_deletion is None and self.document.count_deleted(scans) >= LARGE_DELETION:
            before = list(self.document.updates)
        new_part = self.document.apply_scans(scans)
        if new_part is None:
            return
        self.before_deletion = before or self.before_deletion
        if self.guard is not None:
            self.guard.add(scans, new_part)
        self._mark_changed(new_part)
        self.uncompacted += 1
        self._log.append(new_part)
        frame = yproto.sync_frame(yproto.UPDATE, new_part)
        self._broadcast(frame, exclude=sender)
        self._log.publish(frame)

    def apply_awareness(self, socket: Socket, entries: list[Entry]) -> None:
        """Apply, broadcast and publish a socket's own states. Raises Refused or Malformed."""
        accepted = self.awareness.apply(socket, entries)
        if accepted:
            frame = yproto.awareness_frame(accepted)
            self._broadcast(frame, exclude=socket)
            self._log.publish(frame)

    def _remove_awareness(self, matches: Callable[[Owner], bool], *, publish: bool) -> None:
        removed = self.awareness.remove_where(matches)
        if removed:
            frame = yproto.awareness_frame(removed)
            self._broadcast(frame)
            if publish:
                self._log.publish(frame)

    def _broadcast(self, frame: bytes, exclude: Socket | None = None) -> None:
        for socket in self.sockets:
            if socket is not exclude:
                socket.push(frame)

    def record_authors(self, clients: Iterable[int], person: Person) -> None:
        """Record who draws under client ids that are new on the board: whose awareness has the id,
        or else who sent it first."""
        for client in clients:
            if client not in self.authors:
                author = self.awareness.person_of(client) or person.key
                self.authors[client] = author
                self._log.add_author(client, author)

    # -- other processes, and changes made by the server ------------------------------------

    async def apply_stored_update(self, update: bytes) -> None:
        """Apply and broadcast an update that is already stored, a large one in chunks."""
        if len(update) < LARGE:
            self.apply_stored_scan(scan_trusted(update))
            return
        items = self.guard is not None
        for chunk in await split_update(update, trusted=True, items=items):
            await self.apply_stored_conflicts(chunk)

    async def apply_stored_conflicts(self, checked: Scan) -> None:
        """Apply a stored update, conflict by conflict if it may block, with pauses of the length
        that each took."""
        parts = [checked]
        if self.document.may_block(checked):
            parts = split_conflicts(checked, self.document.find_conflicts([checked]))
        for part in parts:
            begun = time.thread_time()
            self.apply_stored_scan(part)
            await asyncio.sleep(time.thread_time() - begun)

    def apply_stored_scan(self, checked: Scan) -> None:
        """Apply and broadcast an update that is already stored. Raises Malformed."""
        if not self.is_open:
            return
        try:
            new_part = self.document.apply_scans([checked])
        except PendingDependency:
            self._dirty = True  # so that the next heartbeat requests a diff
            return
        if new_part is not None:
            if self.guard is not None:
                self.guard.add([checked], new_part)
            self._mark_changed(new_part)
            self._broadcast(yproto.sync_frame(yproto.UPDATE, new_part))

    def apply_remote_awareness(self, process: str, entries: list[Entry]) -> None:
        """Apply and broadcast states that another process has checked."""
        accepted = self.awareness.apply_remote(entries, process)
        if accepted:
            self._broadcast(yproto.awareness_frame(accepted))

    def remove_process(self, process: str) -> None:
        self._remove_awareness(lambda owner: owner == process, publish=False)

    def publish_awareness(self) -> None:
        """Send the states of this process's sockets to the other processes."""
        frame = self.awareness.local_frame()
        if frame is not None:
            self._log.publish(frame)

    def broadcast_missing(self, updates: Sequence[Buffers]) -> None:
        """Send what compaction found in the log and nobody here knew."""
        self.is_index_complete = self.is_index_complete and not updates
        for update in updates:
            self._broadcast(yproto.sync_frame_of(yproto.UPDATE, update))

    def publish_missing(self, state_vector: bytes) -> None:
        """Send the other processes what a state vector lacks. Raises Malformed."""
        for update in self.document.diff(state_vector):
            if update != [yproto.EMPTY_UPDATE]:
                self._log.publish(yproto.sync_frame_of(yproto.UPDATE, update))

    # -- size and compaction ----------------------------------------------------------------

    def _mark_changed(self, update: bytes) -> None:
        self.bytes_since_compaction += len(update)
        self.changed_since_version = self._dirty = True
        self._last_change_at = time.monotonic()

    def mark_compacted(self, size: int, grown: int) -> None:
        """Record the compacted size; `grown` bytes had come in when the compaction began."""
        self.size, self.bytes_since_compaction = size, max(0, self.bytes_since_compaction - grown)

    def size_report(self) -> BoardSize:
        marks = ("full", limits.FULL), ("nearly_full", limits.NEARLY_FULL), ("ok", 0.0)
        level = next(level for level, share in marks if self.size >= share * limits.MAX_BOARD)
        if self.is_storage_full and level != "full":
            level = "storage_full"
        return BoardSize(self.size, limits.MAX_BOARD, level)

    def may_have_changed_level(self) -> bool:
        """Whether compaction may change the level of `size_report`, in either direction."""
        nearly_full = limits.NEARLY_FULL * limits.MAX_BOARD
        may_be_full = self.size + self.bytes_since_compaction > nearly_full
        return self.uncompacted > 0 and (may_be_full or self.is_storage_full)

    def consume_dirty(self) -> bool:
        """Return whether the board has changed since the last call."""
        was_dirty, self._dirty = self._dirty, False
        return was_dirty

    def unload_if_idle(self) -> None:
        if (
            self._last_change_at is not None
            and not self.is_slow
            and time.monotonic() - self._last_change_at > UNLOAD_AFTER
        ):
            self._last_change_at = None
            self.document.unload()
