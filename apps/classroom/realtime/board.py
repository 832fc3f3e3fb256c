"""The board of one room in this process: a Yjs document, who looks at it, and their cursors."""

import time
from collections.abc import Callable, Sequence

from apps.classroom.realtime import yproto
from apps.classroom.realtime.document import Document, Early
from apps.classroom.realtime.inbox import Inbox
from apps.classroom.realtime.protocol import Close
from apps.classroom.realtime.sockets import Refused, Socket
from apps.classroom.realtime.varints import Malformed
from apps.classroom.realtime.yproto import Entry

# What one board may hold in all: some hundreds of dense pages.
MAX_BOARD = 64 * 1024 * 1024
MAX_AWARENESS_STATE = 16 * 1024
MAX_CURSORS_PER_SOCKET = 8
MAX_GONE = 1000
REST_AFTER = 60.0  # seconds without a stroke

Owner = Socket | str  # a socket here, or the id of the process that has it
Sink = Callable[[bytes], None]


class Board:
    """`store` takes each accepted update, `publish` each frame that other processes need."""

    def __init__(self, document: Document, *, store: Sink, publish: Sink) -> None:
        self.document = document
        self.inbox = Inbox(self._take)
        self.sockets: set[Socket] = set()
        self.size = len(document.whole())
        self.unfolded = 0  # log rows' worth of changes since the last folding
        self.changed = False  # since the last version in the history
        self._stirred = False  # since other processes were last asked to compare
        self._drawn_at: float | None = None  # of a document that does not rest
        self._store, self._publish = store, publish
        self._cursors: dict[int, tuple[Entry, Owner]] = {}
        self._gone: dict[int, int] = {}  # the clocks of clients that have left

    # -- sockets of this process ------------------------------------------------------------

    def join(self, socket: Socket) -> None:
        self.sockets.add(socket)
        socket.push(yproto.sync_frame(yproto.STEP1, self.document.state_vector()))
        if self._cursors:
            socket.push(self._all_cursors())

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
                socket.push(self._all_cursors())
            elif kind != yproto.AUTH:
                raise Refused(Close.MALFORMED)
        except (Malformed, IndexError) as exc:
            raise Refused(Close.MALFORMED) from exc

    def _sync(self, socket: Socket, frame: bytes) -> None:
        step, payload = yproto.read_sync(frame)
        if step == yproto.STEP1:
            yproto.read_state_vector(payload)
            self.inbox.empty()  # the answer says that what was sent before has come
            socket.push(yproto.sync_frame(yproto.STEP2, self.document.since(payload)))
            return
        if payload == yproto.EMPTY_UPDATE:
            return
        yproto.check_nesting(payload)
        if self._is_full(len(payload)):
            raise Refused(Close.TOO_LARGE)
        self.inbox.add(payload, socket)

    def _take(self, updates: Sequence[bytes], sender: Socket | None) -> None:
        """Raises Malformed, having taken in nothing."""
        news = self.document.take(updates)
        if news is None:
            return
        self._note(news)
        self.unfolded += 1
        self._store(news)
        frame = yproto.sync_frame(yproto.UPDATE, news)
        self._spread(frame, but=sender)
        self._publish(frame)

    def _is_full(self, more: int) -> bool:
        """A stroke is sent again and again as it grows, so what has come in is many times what
        the board holds; that is measured where it may matter."""
        if self.size + more > MAX_BOARD:
            self.size = len(self.document.whole())
        return self.size + more > MAX_BOARD

    def _note(self, update: bytes) -> None:
        self.size += len(update)
        self.changed = self._stirred = True
        self._drawn_at = time.monotonic()

    def take_stirred(self) -> bool:
        """Whether the board has changed since this was last asked."""
        stirred, self._stirred = self._stirred, False
        return stirred

    def rest(self) -> None:
        if self._drawn_at is not None and time.monotonic() - self._drawn_at > REST_AFTER:
            self._drawn_at = None
            self.document.rest()

    def _awareness(self, socket: Socket, entries: list[Entry]) -> None:
        """Takes what is newer than known, of clients that are the sender's own."""
        fresh = []
        for entry in entries:
            known = self._cursors.get(entry.client)
            if len(entry.state) > MAX_AWARENESS_STATE:
                raise Refused(Close.TOO_LARGE)
            if known is not None and not self._may_replace(socket, entry, *known):
                continue
            if known is None and (entry.state == b"null" or self._has_too_many(socket)):
                continue
            if entry.clock <= self._gone.get(entry.client, -1):
                self._nudge(socket, entry)
                continue
            self._set(entry, socket)
            fresh.append(entry)
        if fresh:
            frame = yproto.awareness_frame(fresh)
            self._spread(frame, but=socket)
            self._publish(frame)

    def _nudge(self, socket: Socket, entry: Entry) -> None:
        """A client that is back with the clock it left with would not be believed by the others.
        Told that it has gone, it says with a higher clock that it has not (y-protocols)."""
        gone = Entry(entry.client, self._gone[entry.client], b"null")
        socket.push(yproto.awareness_frame([gone]))

    @staticmethod
    def _may_replace(socket: Socket, entry: Entry, known: Entry, owner: Owner) -> bool:
        """A reconnected client may take over its own cursor, and nobody anybody else's. Stock
        clients repeat to the server what they heard about others."""
        if not isinstance(owner, Socket) or owner.person.key != socket.person.key:
            return False
        gone = entry.clock == known.clock and entry.state == b"null"
        return entry.clock > known.clock or gone

    def _has_too_many(self, socket: Socket) -> bool:
        owned = sum(1 for _entry, owner in self._cursors.values() if owner is socket)
        return owned >= MAX_CURSORS_PER_SOCKET

    def _set(self, entry: Entry, owner: Owner) -> None:
        if entry.state == b"null":
            self._cursors.pop(entry.client, None)
            self._note_gone(entry)
        else:
            self._cursors[entry.client] = (entry, owner)
            self._gone.pop(entry.client, None)

    def _note_gone(self, entry: Entry) -> None:
        self._gone[entry.client] = entry.clock
        if len(self._gone) > MAX_GONE:
            del self._gone[next(iter(self._gone))]

    def _forget(self, belongs: Callable[[Owner], bool], *, tell: bool) -> None:
        gone = [
            Entry(entry.client, entry.clock, b"null")
            for entry, owner in self._cursors.values()
            if belongs(owner)
        ]
        for entry in gone:
            del self._cursors[entry.client]
            self._note_gone(entry)
        if gone:
            frame = yproto.awareness_frame(gone)
            self._spread(frame)
            if tell:
                self._publish(frame)

    def _all_cursors(self) -> bytes:
        return yproto.awareness_frame([entry for entry, _owner in self._cursors.values()])

    def _spread(self, frame: bytes, but: Socket | None = None) -> None:
        for socket in self.sockets:
            if socket is not but:
                socket.push(frame)

    # -- other processes, and the server's own changes --------------------------------------

    def take_frame(self, frame: bytes, process: str) -> None:
        """A frame that another process has checked, stored and published."""
        if frame[0] == yproto.AWARENESS:
            self._take_cursors(frame, process)
            return
        self.take_update(yproto.read_sync(frame).payload, frame)

    def take_update(self, update: bytes, frame: bytes | None = None) -> None:
        """An update that is already stored."""
        try:
            if self.document.take([update]) is None:
                return
        except Early:
            self._stirred = True  # so that the others are asked for what is missing here
            return
        self._note(update)
        self._spread(frame or yproto.sync_frame(yproto.UPDATE, update))

    def _take_cursors(self, frame: bytes, process: str) -> None:
        fresh = []
        for entry in yproto.read_awareness(frame):
            known = self._cursors.get(entry.client)
            if known is None or entry.clock >= known[0].clock:
                self._set(entry, process)
                fresh.append(entry)
        if fresh:
            self._spread(yproto.awareness_frame(fresh))

    def own_cursors(self) -> bytes | None:
        mine = [entry for entry, owner in self._cursors.values() if isinstance(owner, Socket)]
        return yproto.awareness_frame(mine) if mine else None

    def forget_process(self, process: str) -> None:
        self._forget(lambda owner: owner == process, tell=False)
