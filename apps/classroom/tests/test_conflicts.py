"""Items that yrs compares with many others: found, applied one by one, charged to their sender."""

import asyncio
from itertools import count
from types import SimpleNamespace

import pytest
from pycrdt import Array, Doc, Map, Text
from pycrdt import write_var_uint as varint

from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.outline import Base, outline_of
from apps.classroom.realtime.board.update_scan import scan
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.tests.boards import open_board
from apps.classroom.tests.test_limits import FakeSocket, send

CHAIN = 50  # items, each behind the one before
BINARY, BEHIND, BEFORE, IN_KEY = 3, 0x80, 0x40, 0x20


def update(client, items):
    return b"\x01" + varint(len(items)) + varint(client) + b"\x00" + b"".join(items) + b"\x00"


def item_between(origin=None, right=None):
    flags = BINARY | BEHIND * bool(origin) | BEFORE * bool(right)
    ids = [varint(number) for place in (origin, right) if place for number in place]
    return bytes([flags]) + b"".join(ids) + b"\x00"


def chain(key=b""):
    first = bytes([BINARY | IN_KEY * bool(key)]) + b"\x01\x01l" + key + b"\x00"
    return update(1, [first, *(item_between((1, clock)) for clock in range(CHAIN - 1))])


LAST = (1, CHAIN - 1)
FORGED = {
    "behind": [item_between((1, clock)) for clock in range(CHAIN - 1)],
    "in reverse": [item_between((1, clock)) for clock in reversed(range(CHAIN - 1))],
    "between": [item_between((1, clock), LAST) for clock in range(CHAIN - 1)],
    "before": [item_between(None, (1, clock)) for clock in range(1, CHAIN)],
}


@pytest.mark.parametrize("key", [b"", b"\x01k"])
@pytest.mark.parametrize("items", FORGED.values(), ids=FORGED)
def test_items_across_a_chain_are_conflicts(items, key):
    attack = scan(update(2, items))
    document = Document([])
    document.apply_updates([chain(key)])
    assert len(document.find_conflicts([attack])) == len(items)
    assert len(Document([chain(key)]).find_conflicts([attack])) == len(items)


def test_items_across_a_chain_of_the_same_update_are_conflicts():
    scans = [scan(chain()), scan(update(2, FORGED["between"]))]
    assert len(Document([]).find_conflicts(scans)) >= CHAIN - 1


def test_items_across_a_chain_of_a_large_board_are_conflicts():
    document = asyncio.run(Document.outlined(Base(chain(), outline_of(chain()))))
    assert len(document.find_conflicts([scan(update(2, FORGED["between"]))])) == CHAIN - 1


def test_items_within_a_text_are_conflicts():
    text = update(1, [b"\x04\x01\x01t" + varint(CHAIN) + b"a" * CHAIN])
    attack = scan(update(2, FORGED["between"]))
    assert len(Document([text]).find_conflicts([attack])) == CHAIN - 1


@pytest.mark.parametrize("size", [0, 50])
def test_new_part_of_a_partly_known_item_is_a_conflict_where_others_follow(size):
    """yrs places it behind the known part, as it does with whatever else was placed there."""
    document = Document([])
    document.apply_updates([text_of(1, 10), update(2, [item_between((1, 9))] * 3)])
    document.apply_updates([text_of(7, size)] if size else [])  # another list, known in whole
    resent = [scan(text_of(1, 20))]
    assert document.find_conflicts(resent) == {(1, 0)}
    document.apply_scans(resent)
    assert document.find_conflicts(resent) == set()


def test_new_part_of_a_partly_known_item_at_the_end_is_no_conflict():
    document = Document([])
    document.apply_updates([text_of(1, 10)])
    before = document.snapshot().conflicts
    assert document.find_conflicts([scan(text_of(1, 20))]) == set()
    document.apply_updates([text_of(1, 20)])
    assert document.snapshot().conflicts == before


def test_known_items_of_an_update_are_not_counted_again():
    document = Document([])
    document.apply_updates([chain()])
    before = document.snapshot().conflicts
    document.apply_updates([chain(), update(5, [item_between(LAST)])])
    assert document.snapshot().conflicts == before


def text_of(client, length):
    return update(client, [b"\x04\x01\x01t" + varint(length) + b"a" * length])


def test_drawing_makes_no_conflicts():
    doc, document, updates = Doc(client_id=7), Document([]), []
    doc.observe(lambda event: updates.append(event.update))
    elements, order = doc.get("elements:1", type=Map), doc.get("order", type=Array)
    text = doc.get("text", type=Text)
    for turn in range(20):
        with doc.transaction():
            for number in range(20):
                elements[f"{number}"] = turn
        text += "word"
        order.append(turn) if turn else order.extend([turn])
    starts = 2  # a list and a text without items, of which the scan does not know
    assert sum(len(document.find_conflicts([scan(one)])) for one in updates[:3]) <= starts
    for one in updates[:3]:
        document.apply_scans([scan(one)])
    for one in updates[3:]:
        assert document.find_conflicts([scan(one)]) == set()
        document.apply_scans([scan(one)])


def test_slow_conflicts_are_applied_one_by_one_until_the_budget_is_used_up(monkeypatch):
    """An update of 5,000 such items held up all rooms for 18 s."""
    receiver, socket = open_board(), FakeSocket()
    send(receiver, FakeSocket(2), chain())
    clock = count()
    monkeypatch.setattr(
        "apps.classroom.realtime.board.batcher.time",
        SimpleNamespace(thread_time=lambda: float(next(clock))),
    )
    send(receiver, socket, update(2, FORGED["between"]))
    assert socket.closing == Close.FLOOD
    assert receiver.board.document.clocks[2] == 1


def test_each_conflict_is_applied_alone(monkeypatch):
    receiver, applied, real = open_board(chain()), [], Document.apply_scans

    def recorded(document, scans):
        applied.append(len(document.find_conflicts(scans)))
        return real(document, scans)

    monkeypatch.setattr(Document, "apply_scans", recorded)
    send(receiver, FakeSocket(), update(2, FORGED["between"]))
    assert receiver.board.document.clocks[2] == CHAIN - 1
    assert applied == [1] * (CHAIN - 1)


def test_concurrent_edits_of_many_elements_are_merged():
    base = Doc(client_id=1)
    base.get("elements:1", type=Map).update({f"{number}": 0 for number in range(60)})
    receiver, docs = open_board(base.get_update()), [Doc(client_id=5), Doc(client_id=3)]
    for doc in docs:
        doc.apply_update(base.get_update())
        for turn in range(3):
            with doc.transaction():
                for number in range(60):
                    doc.get("elements:1", type=Map)[f"{number}"] = [doc.client_id, turn]
    sockets = [FakeSocket(1), FakeSocket(2)]
    for doc, socket in zip(docs, sockets, strict=True):
        send(receiver, socket, doc.get_update(base.get_state()))
    merged = Doc()
    for doc in [base, *docs]:
        merged.apply_update(doc.get_update())
    board = Doc()
    board.apply_update(receiver.board.document.encode())
    assert board.get("elements:1", type=Map).to_py() == merged.get("elements:1", type=Map).to_py()
    assert [socket.closing for socket in sockets] == [None, None]


def test_pending_update_with_conflicts_is_applied_one_by_one():
    receiver, socket = open_board(), FakeSocket()
    send(receiver, socket, update(2, FORGED["between"]), chain())
    assert receiver.board.document.clocks == {1: CHAIN, 2: CHAIN - 1}
    frame = yproto.sync_frame(yproto.STEP1, b"\x00")
    receiver.receive(socket, frame)
    assert socket.closing is None


def test_origins_of_the_board_are_not_read_for_what_is_known(monkeypatch):
    """A browser that returns has the whole board, and many boards are only looked at."""
    monkeypatch.setattr("apps.classroom.realtime.board.document.read_origins", None)
    document = Document([chain()])
    assert document.find_conflicts([scan(chain())]) == set()
    assert document.comparisons == document.snapshot().conflicts == 0
