"""Updates that reach a board in one turn of the event loop, and those that wait for others."""

import asyncio

from pycrdt import Array, Doc, merge_updates
from pycrdt import write_var_uint as varint

from apps.classroom.policies import BoardRules, Drawing, Person, Role
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.batcher import MAX_PENDING_BYTES
from apps.classroom.realtime.board.chunks import RUNS_PER_CHUNK
from apps.classroom.realtime.board.update_scan import encode_deletions
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.tests.boards import (
    CHILD_OF_NUMBER_UPDATE,
    NUMBER_UPDATE,
    DrawingClient,
    FakeLog,
    content,
    open_board,
)


class FakeSocket:
    def __init__(self, number):
        self.person = Person(f"u{number}", "N", Role.STUDENT)
        self.received, self.closed, self.closing = [], None, None

    def push(self, frame):
        step, payload = yproto.read_sync(frame)
        if step == yproto.UPDATE:
            self.received.append(payload)

    def close(self, code):
        self.closed = self.closing = code


class SharedBoard:
    def __init__(self, people):
        log = FakeLog()
        self.stored, self.published = log.stored, log.published
        self.receiver = open_board(log=log)
        self.board = self.receiver.board
        self.sockets = [FakeSocket(number) for number in range(people)]
        for socket in self.sockets:
            self.board.join(socket)

    def run_turn(self, *sent):
        """Send pairs of socket index and update, all in one turn of the event loop."""

        async def play():
            for who, update in sent:
                frame = yproto.sync_frame(yproto.UPDATE, update)
                self.receiver.receive(self.sockets[who], frame)
            await asyncio.sleep(0)

        asyncio.run(play())

    def content(self):
        return content(self.board.document.encode())


def drawn_by(client, *names):
    drawing = DrawingClient(client)
    for name in names:
        drawing.map[name] = client
    return drawing.updates


def test_updates_of_one_turn_are_merged():
    shared = SharedBoard(3)
    mine, theirs = drawn_by(1, "a", "b"), drawn_by(2, "c")
    shared.run_turn((0, mine[0]), (1, theirs[0]), (0, mine[1]))
    [update] = shared.sockets[2].received
    assert content(update) == shared.content() == {"a": 1, "b": 1, "c": 2}
    assert content(shared.stored[0]) == shared.content()
    assert len(shared.stored) == len(shared.published) == 1


def test_pending_update_waits_without_blocking_others():
    shared = SharedBoard(3)
    first, second = drawn_by(1, "a", "b")
    [other] = drawn_by(2, "c")
    shared.run_turn((0, second), (1, other))
    assert shared.content() == {"c": 2}
    assert [content(update) for update in shared.stored] == [{"c": 2}]
    shared.run_turn((2, first))
    assert shared.content() == {"a": 1, "b": 1, "c": 2}
    assert content(merge_updates(*shared.stored)) == shared.content()
    assert [socket.closed for socket in shared.sockets] == [None] * 3


def test_too_many_pending_bytes_close_their_sender():
    shared = SharedBoard(2)
    _first, *others = drawn_by(1, "a", "b", "x" * MAX_PENDING_BYTES)
    shared.run_turn((0, others[0]))
    assert shared.sockets[0].closed is None
    shared.run_turn((0, others[1]))
    assert shared.sockets[0].closed == Close.MALFORMED


def test_pending_updates_are_dropped_when_sender_leaves():
    shared = SharedBoard(2)
    first, second = drawn_by(1, "a", "b")
    shared.run_turn((0, second))
    shared.receiver.leave(shared.sockets[0])
    shared.run_turn((1, first))
    assert shared.content() == {"a": 1}


def test_sender_does_not_receive_its_own_update():
    shared = SharedBoard(2)
    shared.run_turn(*((0, update) for update in drawn_by(1, "a", "b")))
    assert shared.sockets[0].received == []
    assert len(shared.sockets[1].received) == 1


def test_sender_of_a_bad_update_costs_one_attempt(monkeypatch):
    """Whatever else of theirs waited is not tried: each failure builds the document anew."""
    shared, attempts = SharedBoard(1), []
    shared.run_turn((0, NUMBER_UPDATE))
    document = shared.board.document
    real = document.apply_scans

    def apply_scans(scans):
        attempts.append(len(scans))
        return real(scans)

    monkeypatch.setattr(document, "apply_scans", apply_scans)
    shared.run_turn(*((0, CHILD_OF_NUMBER_UPDATE) for _ in range(10)))
    assert attempts == [10, 1]
    assert shared.sockets[0].closed == Close.MALFORMED


def test_bad_update_in_batch_closes_its_sender_alone():
    shared = SharedBoard(3)
    shared.run_turn((0, NUMBER_UPDATE))
    good = [*drawn_by(1, "a"), *drawn_by(2, "b")]
    shared.run_turn((0, good[0]), (1, CHILD_OF_NUMBER_UPDATE), (2, good[1]))
    assert [socket.closed for socket in shared.sockets] == [None, Close.MALFORMED, None]
    assert shared.content() == {"a": 1, "b": 2}


def test_step_1_applies_queued_updates_first():
    shared = SharedBoard(1)
    [update] = drawn_by(1, "a")

    async def play():
        shared.receiver.receive(shared.sockets[0], yproto.sync_frame(yproto.UPDATE, update))
        shared.receiver.receive(shared.sockets[0], yproto.sync_frame(yproto.STEP1, b"\x00"))
        assert content(shared.stored[0]) == {"a": 1}

    asyncio.run(play())


def test_stored_update_of_120_000_values_is_applied_and_broadcast_in_chunks():
    """More values than one update of a client may have, and the deletions of a restored board."""
    few = 4 * RUNS_PER_CHUNK
    many = 120_000 - few  # in a list of their own: each deletion copies the rest of its list
    deletions = [(1, clock, clock + 1) for clock in range(0, few, 2)]
    values = b"\x08\x01\x03few" + varint(few) + b"\x7d\x01" * few
    values += b"\x08\x01\x04many" + varint(many) + b"\x7d\x01" * many
    stored = b"\x01\x02\x01\x00" + values + encode_deletions(deletions)
    shared = SharedBoard(1)
    asyncio.run(shared.board.apply_stored_update(stored))
    received = shared.sockets[0].received
    assert len(received) == 3  # the values, and twice RUNS_PER_CHUNK deletions
    for updates in ([shared.board.document.encode()], received):
        doc = Doc()
        for update in updates:
            doc.apply_update(update)
        assert len(doc.get("few", type=Array)) == few - 2 * RUNS_PER_CHUNK
        assert len(doc.get("many", type=Array)) == many
    assert shared.stored == []


def test_pending_updates_of_students_are_dropped_when_the_board_is_locked():
    """Else a student could draw on a locked board: an update may depend on the tutor's next one."""
    shared = SharedBoard(2)
    tutor = shared.sockets[1]
    tutor.person = Person("u9", "T", Role.TUTOR)
    first, second = drawn_by(1, "a", "b")
    third, fourth = drawn_by(2, "c", "d")
    shared.run_turn((0, second), (1, fourth))
    shared.receiver.set_rules(BoardRules(Drawing.NONE))
    shared.run_turn((1, first), (1, third))
    assert shared.content() == {"a": 1, "c": 2, "d": 2}
    assert [socket.closed for socket in shared.sockets] == [None, None]
