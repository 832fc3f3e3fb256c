"""The board of one room in this process: a Yjs document, who looks at it, and their cursors."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from apps.classroom.folding import MAX_CLIENTS
from apps.classroom.realtime import yproto
from apps.classroom.realtime.cursors import Cursors, Owner
from apps.classroom.realtime.document import Document, Early
from apps.classroom.realtime.inbox import Inbox
from apps.classroom.realtime.limits import (
    BYTES_PER_STEP,
    MAX_BOARD,
    MAX_GROWTH,
    Limits,
)
from apps.classroom.realtime.protocol import Close
from apps.classroom.realtime.sockets import Refused, Socket
from apps.classroom.realtime.update_scan import Scan, scan
from apps.classroom.realtime.varints import Malformed
from apps.classroom.realtime.yproto import Entry

REST_AFTER = 60.0  # seconds without a stroke

Sink = Callable[[bytes], None]


class Board:
    """`store` takes each accepted update, `publish` each frame that other processes need."""

    def __init__(self, document: Document, *, store: Sink, publish: Sink) -> None:
        self.document = document
        self.inbox = Inbox(self._take)
        self.sockets: set[Socket] = set()
        self.size = document.size  # when it was last folded
        self.grown = 0  # bytes that came in since
        self.unfolded = 0  # log rows' worth of changes since the last folding
        self.changed = False  # since the last version in the history
        self._stirred = False  # since other processes were last asked to compare
        self._drawn_at: float | None = None  # of a document that does not rest
        self._store, self._publish = store, publish
        self._cursors = Cursors()
        self._limits: defaultdict[str, Limits] = defaultdict(Limits)  # of each person

    # -- sockets of this process ------------------------------------------------------------

    def join(self, socket: Socket) -> None:
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
            raise Refused(Close.MALFORMED) from exc

    def _sync(self, socket: Socket, frame: bytes) -> None:
        step, payload = yproto.read_sync(frame)
        if step == yproto.STEP1:
            self._compare(socket, payload)
        elif payload != yproto.EMPTY_UPDATE:
            one = scan(payload)
            self._spend(socket, one.steps)
            self._check_clients(socket, one)
            self._check_size(len(payload))
            self.inbox.add(one, socket)

    def _compare(self, socket: Socket, state_vector: bytes) -> None:
        self._spend(socket, len(yproto.read_state_vector(state_vector)))
        self.inbox.empty()  # the answer says that what was sent before has come
        self.inbox.retry(socket)
        answer = yproto.sync_frame(yproto.STEP2, self.document.since(state_vector))
        self._answer(socket, answer)

    def _answer(self, socket: Socket, frame: bytes) -> None:
        self._spend(socket, len(frame) // BYTES_PER_STEP)
        socket.push(frame)

    def _spend(self, socket: Socket, steps: int) -> None:
        if not self._limits[socket.person.key].work.allows(steps):
            raise Refused(Close.FLOOD)

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

    def take_stirred(self) -> bool:
        """Whether the board has changed since this was last asked."""
        stirred, self._stirred = self._stirred, False
        return stirred

    def rest(self) -> None:
        if self._drawn_at is not None and time.monotonic() - self._drawn_at > REST_AFTER:
            self._drawn_at = None
            self.document.rest()

    def _awareness(self, socket: Socket, entries: list[Entry]) -> None:
        self._spend(socket, len(entries))
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

    def own_cursors(self) -> bytes | None:
        return self._cursors.own_frame()

    def forget_process(self, process: str) -> None:
        self._forget(lambda owner: owner == process, tell=False)
