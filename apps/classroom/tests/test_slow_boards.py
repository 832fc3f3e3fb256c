"""Boards whose conflicting items take yrs long to integrate are rewritten, and grow no further."""

import asyncio
import threading

import pytest
from pycrdt import Doc, merge_updates

from apps.classroom import compaction
from apps.classroom.models import BoardQuarantine, BoardSnapshot
from apps.classroom.realtime.board import limits, yproto
from apps.classroom.realtime.board import storage as storage_module
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.storage import BoardStorage
from apps.classroom.realtime.board.update_scan import encode_deletions, scan
from apps.classroom.realtime.cluster.handlers import board_frame
from apps.classroom.realtime.cluster.messages import BoardFrame
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.sockets import Refused
from apps.classroom.tests.boards import content, drawing, open_board
from apps.classroom.tests.test_conflicts import BINARY, IN_KEY, item_between, update
from apps.classroom.tests.test_limits import FakeSocket, send

LIST, ACROSS, LAST = 9, 20, 30  # client ids, in the reverse order in which yrs loads them


def reordered(length):
    """A list, and one item behind each of its items. Drawn by turns, each is compared with one
    other; but the last item makes yrs load the list first and compare each with all behind it."""
    first = bytes([BINARY]) + b"\x01\x01l\x00"
    behind = [item_between((LIST, clock)) for clock in range(length)]
    return [
        update(LIST, [first, *behind[:-1]]),
        update(ACROSS, behind[:-1]),
        update(LAST, behind[-1:]),
    ]


@pytest.fixture
def slow(lesson):
    state = merge_updates(*reordered(4000), drawing(a={"type": "text"}))
    BoardSnapshot.objects.create(session=lesson.session, state=state)
    assert len(state) < compaction.SMALL_BOARD
    return lesson.session.pk


def open_stored(session_id, **options):
    return asyncio.run(BoardStorage(writer=None).open(session_id, **options))


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_slow_board_is_rewritten_when_opened(slow):
    """Drawing on it held up all rooms for seconds, after each load."""
    document = open_stored(slow, unopened=True).document
    assert content(document.encode()) == {"a": {"type": "text"}}
    assert not compaction.may_be_slow(document.updates)
    assert BoardQuarantine.objects.get(session=slow).reason == compaction.TOO_MANY_CONFLICTS


@pytest.mark.django_db(transaction=True)
def test_slow_board_is_not_opened_while_another_process_has_it_open(slow):
    assert open_stored(slow) is None


@pytest.mark.django_db(transaction=True)
def test_slow_board_of_another_process_is_measured_once_in_a_while(slow, monkeypatch):
    storage, measured = BoardStorage(writer=None), []
    real = storage._load_small

    def load(updates):
        measured.append(1)
        return real(updates)

    monkeypatch.setattr(storage, "_load_small", load)
    opened = [asyncio.run(storage.open(slow)) for _ in range(3)]
    assert (opened, len(measured)) == ([None] * 3, 1)
    monkeypatch.setattr(storage_module, "SLOW_RETRY_AFTER", 0)
    storage._slow_until.clear()
    for _ in range(2):
        asyncio.run(storage.open(slow))
    assert len(measured) == 3


def test_stored_first_values_of_one_key_are_conflicts():
    """Each is compared with all before it, however small the board is."""
    first = bytes([BINARY | IN_KEY]) + b"\x01\x01l\x01k\x00"
    state = merge_updates(*(update(client, [first]) for client in range(1, 2000)))
    assert len(state) > compaction.UNSCANNED
    assert compaction.may_be_slow([state])


def test_board_that_may_be_slow_is_compacted_in_a_subprocess(monkeypatch):
    monkeypatch.setattr(compaction, "_TASKS", {})  # of this process
    assert compaction.compact_in_subprocess(reordered(2500)).state


@pytest.mark.django_db(transaction=True)
def test_small_board_is_scanned_in_a_thread(lesson, monkeypatch):
    threads, real = set(), Document.__init__

    def recorded(document, updates):
        if updates:
            threads.add(threading.current_thread())
        real(document, updates)

    monkeypatch.setattr(Document, "__init__", recorded)
    state = drawing(**{f"{number}": "x" * 100 for number in range(500)})
    BoardSnapshot.objects.create(session=lesson.session, state=state)
    loaded = open_stored(lesson.session.pk)
    assert threads
    assert threading.main_thread() not in threads
    assert loaded.document._known_origins is not None


def test_conflicts_from_another_process_are_applied_with_pauses(monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.document.MAX_COMPARISONS", 1000)
    listed, across, _last = reordered(100)
    board = open_board(listed).board
    room = type("Room", (), {"board": board})
    frame = BoardFrame(yproto.sync_frame(yproto.UPDATE, across))
    applied, real = [], Document.apply_scans

    def recorded(document, scans):
        applied.append(len(document.find_conflicts(scans)))
        return real(document, scans)

    monkeypatch.setattr(Document, "apply_scans", recorded)
    asyncio.run(board_frame(room, "other", frame))
    assert board.document.clocks[ACROSS] == 99
    assert applied == [1] * 99


def test_board_found_slow_accepts_deletions_only():
    receiver, sockets = (
        open_board(update(1, [b"\x28\x01\x01e\x01a\x01\x7e"])),
        [FakeSocket(1), FakeSocket(2)],
    )
    receiver.board.is_slow = True
    send(receiver, sockets[0], b"\x00" + encode_deletions([(1, 0, 1)]))
    assert sockets[0].closing is None
    with pytest.raises(Refused) as refusal:
        send(receiver, sockets[1], drawing(b=1))
    assert refusal.value.code == Close.TOO_LARGE


def test_unmeasured_conflicts_are_limited_until_compaction(monkeypatch):
    monkeypatch.setattr(limits, "MAX_UNMEASURED_COMPARISONS", 5000)
    listed, across, last = reordered(100)
    receiver, socket = open_board(listed), FakeSocket()
    send(receiver, socket, across)
    with pytest.raises(Refused) as refusal:
        send(receiver, socket, last)
    assert refusal.value.code == Close.FLOOD
    receiver.board.document.mark_measured(receiver.board.document.snapshot())
    send(receiver, socket, last)
    assert receiver.board.document.clocks[LAST] == 1


def test_conflict_count_is_that_of_the_stored_board():
    updates = reordered(100)
    document, stored = Document([]), Document(updates)
    document.apply_scans([scan(each) for each in updates])
    stored.apply_scans([scan(drawing(a=1))])  # a small board is scanned once somebody draws
    assert document.comparisons == stored.comparisons == 100 * 200


def test_usual_board_is_not_slow():
    doc = Doc()
    doc.apply_update(drawing(**{f"{number}": "x" * 1000 for number in range(1000)}))
    assert not compaction.compact([doc.get_update()]).is_slow
