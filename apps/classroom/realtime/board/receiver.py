"""Frames from the board sockets of this process: decode and authorise them, and pass them on."""

import asyncio
from collections.abc import Callable, Iterable

from apps.classroom.compaction import MAX_CLIENTS, MAX_DELETION_RUNS
from apps.classroom.policies import BoardRules, may_draw
from apps.classroom.realtime.board import limits, yproto
from apps.classroom.realtime.board.batcher import UpdateBatcher
from apps.classroom.realtime.board.board import Board
from apps.classroom.realtime.board.chunks import LARGE, split_update
from apps.classroom.realtime.board.update_scan import Scan, scan
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.sockets import Refused, Socket


class FrameReceiver:
    """Checks the frames for one board against the limits of the person and of the board."""

    def __init__(self, board: Board, people: limits.PeopleLimits) -> None:
        self.board = board
        self._batcher = UpdateBatcher(board, people)
        self._limits = people

    def set_rules(self, rules: BoardRules) -> None:
        """Set the rules and drop pending updates of people who may not draw any more: the tutor's
        next update could make them due."""
        self.board.rules = rules
        for socket in self._batcher.pending_senders():
            if not may_draw(socket.person, rules):
                self._batcher.drop_sender(socket)

    def receive(self, socket: Socket, frame: bytes) -> None:
        """Handle one frame. Raises Refused, with which the caller must close the socket."""
        try:
            handle = _HANDLERS.get(frame[0])
            if handle is None:
                raise Malformed("an unknown kind of frame")
            handle(self, socket, frame)
        except (Malformed, IndexError) as exc:
            raise self._malformed(socket, frame) from exc

    async def receive_chunked(self, socket: Socket, frame: bytes) -> None:
        """Handle one frame like `receive`, but apply a large update in chunks."""
        if len(frame) < LARGE or frame[0] != yproto.SYNC:
            self.receive(socket, frame)
            return
        try:
            step, payload = yproto.read_sync(frame)
            items = self.board.guard is not None
            chunks = [] if step == yproto.STEP1 else await split_update(payload, items=items)
        except Malformed as exc:
            raise self._malformed(socket, frame) from exc
        if step == yproto.STEP1:
            self.receive(socket, frame)
        for chunk in chunks:
            if socket.closing is not None:
                return
            self._queue_update(socket, chunk)
            await asyncio.sleep(0)

    def debt(self, socket: Socket) -> float:
        """Return for how many seconds nothing more of this person should be read."""
        return self._limits[socket.person.key].work.debt()

    def flush(self) -> None:
        """Apply what has been received."""
        self._batcher.flush()

    def leave(self, socket: Socket) -> None:
        self._batcher.drop_sender(socket)
        self.board.leave(socket)

    def _malformed(self, socket: Socket, frame: bytes) -> Refused:
        work = self._limits[socket.person.key].work
        work.charge(limits.STEPS_PER_REFUSED_BYTE * len(frame))
        return Refused(Close.MALFORMED)

    # -- decoding ---------------------------------------------------------------------------

    def _on_sync(self, socket: Socket, frame: bytes) -> None:
        step, payload = yproto.read_sync(frame)
        if step == yproto.STEP1:
            self._answer_state_vector(socket, payload)
        elif payload != yproto.EMPTY_UPDATE:
            self._queue_update(socket, scan(payload))

    def _answer_state_vector(self, socket: Socket, state_vector: bytes) -> None:
        if yproto.count_clients(state_vector) > 2 * MAX_CLIENTS:
            raise Malformed("a state vector of more clients than a board has")
        clocks = yproto.read_state_vector(state_vector)
        self._charge(socket, len(clocks))
        self._check_is_of_this_board(clocks)
        self._batcher.flush()  # the answer confirms the updates sent before it
        self._batcher.retry_pending(socket)
        *first, last = self.board.document.diff(state_vector)
        for update in first:
            self._send_answer(socket, yproto.sync_frame_of(yproto.UPDATE, update))
        self._send_answer(socket, yproto.sync_frame_of(yproto.STEP2, last))

    def _check_is_of_this_board(self, clocks: Iterable[tuple[int, int]]) -> None:
        """Refuse a client whose document is older than the board, which was rewritten under another
        client id: it would send all its ids again. Raises Refused."""
        known = self.board.document.clocks
        if sum(client not in known for client, _clock in clocks) > limits.NEW_CLIENTS_BURST:
            raise Refused(Close.OUTDATED)

    def _on_awareness(self, socket: Socket, frame: bytes) -> None:
        entries = yproto.read_awareness(frame)
        size = sum(len(entry.state) for entry in entries)
        steps = limits.STEPS_PER_CURSOR * len(entries) + size // limits.BYTES_PER_STEP
        self._charge(socket, steps)
        self.board.apply_awareness(socket, entries)

    def _on_query_awareness(self, socket: Socket, _frame: bytes) -> None:
        self._send_answer(socket, self.board.awareness.frame())

    def _send_answer(self, socket: Socket, frame: bytes) -> None:
        self._charge(socket, len(frame) // limits.BYTES_PER_STEP)
        socket.push(frame)

    def _ignore(self, _socket: Socket, _frame: bytes) -> None:
        """Stock clients may send the answer to an authentication that nobody asked for."""

    # -- authorising ------------------------------------------------------------------------

    def _queue_update(self, socket: Socket, checked: Scan) -> None:
        self._charge(socket, checked.steps)
        if not may_draw(socket.person, self.board.rules):
            if self.board.document.is_known(checked):
                return  # clients repeat what is known when they synchronise
            raise Refused(Close.LOCKED)
        self._check_clients(socket, checked)
        self._check_deletions(checked)
        if checked.runs:  # deletions are allowed on a full board
            self._check_size(len(checked.update))
            self._check_conflicts()
        self._batcher.add(checked, socket)

    def _charge(self, socket: Socket, steps: int) -> None:
        work = self._limits[socket.person.key].work
        work.charge(steps)
        if work.debt() > limits.MAX_DEBT:
            raise Refused(Close.FLOOD)

    def _check_clients(self, socket: Socket, checked: Scan) -> None:
        """Limit new client ids, since a board keeps every id it has seen. Raises Refused."""
        clocks = self.board.document.clocks
        new = {client for client, _start, _end in checked.runs if client not in clocks}
        if not new:
            return
        if len(clocks) + len(new) > MAX_CLIENTS:
            raise Refused(Close.TOO_LARGE)
        if not self._limits[socket.person.key].allow_new_clients(new):
            raise Refused(Close.FLOOD)
        self.board.record_authors(new, socket.person)

    def _check_size(self, more: int) -> None:
        """Limit the size of the board, and of all that its tutor has. Raises Refused.

        Only compaction can measure it: while a stroke is drawn it is sent many times, so far more
        bytes come in than the board holds.
        """
        if self.board.size + more > limits.MAX_BOARD or self.board.is_storage_full:
            raise Refused(Close.TOO_LARGE)
        if self.board.bytes_since_compaction + more > limits.MAX_GROWTH:
            raise Refused(Close.FLOOD)

    def _check_conflicts(self) -> None:
        """Refuse changes of a board that has become slow to load, or that may have, until
        compaction has measured it. Raises Refused."""
        if self.board.is_slow:
            raise Refused(Close.TOO_LARGE)
        if self.board.document.comparisons > limits.MAX_UNMEASURED_COMPARISONS:
            raise Refused(Close.FLOOD)

    def _check_deletions(self, checked: Scan) -> None:
        """Limit the runs of the delete set, which is kept sorted in memory. Raises Refused."""
        if not checked.deletions and not checked.collected:
            return
        document = self.board.document
        room = max(0, MAX_DELETION_RUNS - document.deletion_runs)
        if len(checked.deletions) + len(checked.collected) <= room:
            return
        if document.count_new_deletions(checked) > room:  # clients repeat what is known
            raise Refused(Close.TOO_LARGE)


_HANDLERS: dict[int, Callable[[FrameReceiver, Socket, bytes], None]] = {
    yproto.SYNC: FrameReceiver._on_sync,
    yproto.AWARENESS: FrameReceiver._on_awareness,
    yproto.QUERY_AWARENESS: FrameReceiver._on_query_awareness,
    yproto.AUTH: FrameReceiver._ignore,
}
