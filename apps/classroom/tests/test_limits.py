"""Limits of the board socket: client ids, deletions, sync requests, cursors and update sizes."""

import asyncio
import sys
from bisect import bisect_left
from itertools import count
from types import SimpleNamespace

import pytest
from pycrdt import Array, Doc, Map
from pycrdt import write_var_uint as varint

from apps.classroom.policies import Person, Role
from apps.classroom.realtime.board import awareness, chunks, limits, update_scan, yproto
from apps.classroom.realtime.board.deletions import DeleteSet
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.update_scan import (
    MAX_CLIENTS_PER_UPDATE,
    MAX_STEPS,
    encode_deletions,
    scan,
    scan_trusted,
)
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.realtime.server.sockets import Refused
from apps.classroom.tests.boards import open_board
from apps.classroom.tests.clients import eventually, max_work_between_turns


def update_naming(clients):
    """Return an update that names the given clients, in four bytes each."""
    structs = [b"\x01" + varint(client) + b"\x00\x00\x01" for client in reversed(clients)]
    return varint(len(clients)) + b"".join(structs) + b"\x00"


def deletions_of(clients):
    return b"\x00" + encode_deletions([(client, 0, 1) for client in clients])


class FakeSocket:
    def __init__(self, number=1):
        self.person = Person(f"u{number}", "N", Role.STUDENT)
        self.closed = self.closing = None

    def push(self, frame):
        pass

    def close(self, code):
        self.closed = self.closing = code


@pytest.fixture
def receiver():
    return open_board()


def send(receiver, socket, *updates):
    async def play():
        for update in updates:
            receiver.receive(socket, yproto.sync_frame(yproto.UPDATE, update))
        await asyncio.sleep(0)

    asyncio.run(play())


def drawn(client, count):
    doc, updates = Doc(client_id=client), []
    doc.observe(lambda event: updates.append(event.update))
    for number in range(count):
        doc.get("elements:1", type=Map)[f"{number % 5}"] = {"type": "line", "x": number}
    return updates


def test_update_naming_400_000_clients_is_refused(live_room):
    """In several updates, since one frame cannot hold them all."""
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]

    async def scenario():
        async with live_room.board(tickets[0]) as a, live_room.board(tickets[1]) as bad:
            for first in range(1, 400_000, 100_000):
                update = update_naming(range(first, first + 100_000))
                await bad.socket.send(yproto.sync_frame(yproto.UPDATE, update))
            assert await bad.close_code() in {4400, 4413, 4429}
            async with live_room.board(tickets[0]) as late:
                a.map["x"] = 1
                await eventually(lambda: "x" in late.map)
                assert len(yproto.read_state_vector(late.doc.get_state())) == 1

    asyncio.run(scenario())


def test_new_clients_per_person_are_bounded(receiver):
    socket = FakeSocket()
    for client in range(1, limits.NEW_CLIENTS_BURST + 1):
        send(receiver, socket, update_naming([client]))
    assert len(receiver.board.document.clocks) == limits.NEW_CLIENTS_BURST
    with pytest.raises(Refused) as refused:
        send(receiver, FakeSocket(), update_naming([10_000]))  # another socket of the same person
    assert refused.value.code == Close.FLOOD
    send(receiver, socket, drawn(1, 2)[1])  # a known client, with a missing dependency
    send(receiver, FakeSocket(2), update_naming([10_000]))
    assert 10_000 in receiver.board.document.clocks


async def add_clients(live_room, ticket, clients):
    """Draw with new client ids and leave; return once the room has closed."""
    async with live_room.board(ticket) as board:
        await board.socket.send(yproto.sync_frame(yproto.UPDATE, update_naming(clients)))
        document = RoomRegistry.current.rooms[live_room.uuid].board.document
        await eventually(lambda: clients[-1] in document.clocks)
    await eventually(lambda: live_room.uuid not in RoomRegistry.current.rooms)


def test_board_is_rewritten_before_its_client_ids_run_out(live_room, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.receiver.MAX_CLIENTS", 10)
    monkeypatch.setattr("apps.classroom.realtime.board.storage.REWRITE_FROM", 5)
    monkeypatch.setattr("apps.classroom.compaction.REWRITE_FROM", 5)
    tickets = live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)

    async def scenario():
        await add_clients(live_room, tickets[1], range(1, 5))
        await add_clients(live_room, tickets[1], range(5, 10))
        async with live_room.board(tickets[0]) as a, live_room.board(tickets[1]) as b:
            a.map["x"] = 1
            b.map["y"] = 2
            await eventually(lambda: a.map.to_py() == b.map.to_py() == {"x": 1, "y": 2})

    asyncio.run(scenario())


def test_new_clients_per_person_are_bounded_after_the_room_has_closed(live_room, monkeypatch):
    monkeypatch.setattr(limits, "NEW_CLIENTS_BURST", 3)
    tickets = live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)

    async def scenario():
        await add_clients(live_room, tickets[1], range(1, 4))
        async with live_room.board(tickets[1]) as board:
            await board.socket.send(yproto.sync_frame(yproto.UPDATE, update_naming([4])))
            assert await board.close_code() == Close.FLOOD
        await add_clients(live_room, tickets[0], range(4, 7))

    asyncio.run(scenario())


def test_limits_are_forgotten_once_they_are_refilled(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: now[0]))
    kept = limits.RoomLimits()
    people = kept.open("a")
    kept.close("a")
    assert kept.open("a") is people
    now[0] += limits.KEPT_AFTER_CLOSING
    kept.open("b")
    kept.close("b")
    assert kept.open("a") is people  # open all the time
    kept.close("a")
    now[0] += limits.KEPT_AFTER_CLOSING
    kept.open("c")
    kept.close("c")
    assert kept.open("a") is not people


def test_clients_per_board_are_bounded(receiver, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.receiver.MAX_CLIENTS", 10)
    send(receiver, FakeSocket(1), update_naming(range(1, 11)))
    with pytest.raises(Refused) as refused:
        send(receiver, FakeSocket(2), update_naming([11]))
    assert refused.value.code == Close.TOO_LARGE


def test_deletions_of_unknown_clients_are_dropped(receiver):
    send(
        receiver, FakeSocket(), *[deletions_of(range(n, n + 1000)) for n in range(1, 50_000, 1000)]
    )
    assert receiver.board.document.diff(b"\x00") == [[yproto.EMPTY_UPDATE]]
    assert receiver.board.document.clocks == {}


def test_struct_with_unknown_parent_is_not_applied(receiver):
    """yrs would keep it as pending and check all pending structs with each stroke."""
    parent = (
        b"\x01\x01" + varint(7) + b"\x00" + b"\x88" + varint(99) + b"\x05" + b"\x01\x7d\x01\x00"
    )
    send(receiver, FakeSocket(), parent)
    assert receiver.board.document.clocks == {}
    assert receiver.board.document.diff(b"\x00") == [[yproto.EMPTY_UPDATE]]


def calls_of_last(document, strokes):
    """Return the names of the functions, C functions too, that apply the last of some strokes."""
    *strokes, last = strokes
    document.apply_updates(strokes)
    names = []

    def note(frame, event, function):
        if event.endswith("call"):
            names.append(frame.f_code.co_qualname if event == "call" else function.__qualname__)

    sys.setprofile(note)
    try:
        document.apply_updates([last])
    finally:
        sys.setprofile(None)
    return names


def test_stroke_cost_is_independent_of_client_count():
    few, many = Document([]), Document([update_naming(range(1, 5001))])
    strokes = list(drawn(2**30, 60))
    calls = calls_of_last(many, strokes)
    assert calls == calls_of_last(few, strokes)
    of_whole_document = {"Doc.get_state", "Doc.get_update", "Document.encode", "read_state_vector"}
    assert "Doc.apply_update" in calls
    assert of_whole_document.isdisjoint(calls)


def test_scan_refuses_update_with_too_many_parts():
    nulls = b"\x01\x01\x05\x00\x28\x01\x01a\x01b\x01\x75" + varint(MAX_STEPS * 2)
    with pytest.raises(Malformed):
        scan(nulls + b"\x7e" * (MAX_STEPS * 2) + b"\x00")
    runs = [(1, clock, clock + 1) for clock in range(0, MAX_STEPS + 2, 2)]
    with pytest.raises(Malformed):
        scan(b"\x00" + encode_deletions(runs))
    with pytest.raises(Malformed):
        scan(deletions_of(range(MAX_CLIENTS_PER_UPDATE + 1)))


def test_scan_refuses_update_that_names_a_client_twice():
    """Of such an update yrs overwrites the first item in memory, and may crash later."""
    one = b"\x01\x05\x00\x28\x01\x01a\x01v\x01\x7d\x01"
    assert scan(b"\x01" + one + b"\x00").runs == [(5, 0, 1)]
    with pytest.raises(Malformed):
        scan(b"\x02" + one + one + b"\x00")


@pytest.mark.parametrize(
    "item",
    [
        b"\x28\x01\x01a\x01v\x01\x7d\x01",  # one key, without the value before
        b"\x88\x05\x00\x01\x7d\x01",  # behind one item
    ],
)
def test_items_in_one_place_cost_a_step_for_each_pair(item):
    """yrs compares each with all others: 16,000 took 2.4 s."""

    def steps(count):
        return scan(b"\x01" + varint(count) + b"\x07\x00" + item * count + b"\x00").steps

    assert steps(400) - 400 * steps(1) == 400 * 399 / 2
    with pytest.raises(Malformed):
        steps(450)


def test_values_set_one_after_the_other_cost_the_same_each():
    doc = Doc(client_id=7)
    for number in range(1000):
        doc.get("a", type=Map)["v"] = number
    assert scan(doc.get_update()).steps < 5 * 1000


def test_time_that_an_update_takes_is_charged_to_its_sender(receiver, monkeypatch):
    """An update in the place of many items of earlier ones is compared with all of them."""
    seconds = count()
    clock = SimpleNamespace(thread_time=lambda: float(next(seconds)))
    monkeypatch.setattr("apps.classroom.realtime.board.batcher.time", clock)
    first, second = drawn(3, 2)
    send(receiver, FakeSocket(1), first)  # loads the document, which is not charged
    assert receiver.debt(FakeSocket(1)) == 0
    send(receiver, FakeSocket(2), second)
    assert receiver.debt(FakeSocket(2)) > 5
    assert receiver.debt(FakeSocket(1)) == 0


def request_sync(receiver, socket, times):
    async def play():
        for _ in range(times):
            receiver.receive(socket, yproto.sync_frame(yproto.STEP1, b"\x00"))

    asyncio.run(play())


def test_sync_requests_are_charged_to_their_sender(receiver):
    doc = Doc()
    doc.get("elements:1", type=Map)["big"] = "x" * 1_000_000
    receiver.board.document.apply_updates([doc.get_update()])
    socket = FakeSocket(1)
    request_sync(receiver, socket, 30)
    assert (
        1 < receiver.debt(FakeSocket(1)) < limits.MAX_DEBT
    )  # the same for each socket of a person
    assert receiver.debt(FakeSocket(2)) == 0
    with pytest.raises(Refused) as refused:
        request_sync(receiver, socket, 200)
    assert refused.value.code == Close.FLOOD


def test_cursors_are_charged_to_their_sender(receiver, monkeypatch):
    # A low rate, so that a slow machine does not reduce the debt.
    monkeypatch.setattr(limits, "WORK_RATE", 20_000)
    entries = [yproto.Entry(client, 1, b"{}") for client in range(900)]
    for _ in range(60):
        receiver.receive(FakeSocket(1), yproto.awareness_frame(entries))
    assert receiver.debt(FakeSocket(1)) > 0


def record_results(owner, name, monkeypatch):
    """Return a list to which each result of the method will be added."""
    results, method = [], getattr(owner, name)

    def call(*args):
        results.append(method(*args))
        return results[-1]

    monkeypatch.setattr(owner, name, call)
    return results


def test_frames_of_person_in_debt_are_delayed(live_room, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: now[0]))
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]

    async def scenario():
        async with live_room.board(tickets[0]) as a, live_room.board(tickets[1]) as b:
            receiver = RoomRegistry.current.rooms[live_room.uuid].receiver
            (student,) = (s for s in receiver.board.sockets if s.person.role == "student")
            work = receiver._limits[student.person.key].work
            work.charge(work._steps + limits.WORK_RATE / 10)
            debts = record_results(receiver, "debt", monkeypatch)
            b.map["x"] = 1
            await eventually(lambda: any(debts))
            a.map["z"] = 1
            await eventually(lambda: "z" in b.map)
            assert "x" not in a.map
            now[0] += 0.2
            await eventually(lambda: "x" in a.map)

    asyncio.run(scenario())


def test_pending_updates_of_one_sender_are_bounded(receiver):
    socket = FakeSocket()
    _first, *others = drawn(3, 1000)
    send(receiver, socket, *others)
    assert socket.closed == Close.MALFORMED
    assert receiver.board.document.clocks == {}


def test_mutually_dependent_updates_are_applied_together(receiver):
    """A returning browser sends its changes in parts, one per client."""
    a, b = Doc(client_id=1), Doc(client_id=2)
    for turn in range(4):
        one, other = (a, b) if turn % 2 else (b, a)
        one.get("list", type=Array).append({"of": turn})  # behind the other client's last item
        other.apply_update(one.get_update(other.get_state()))
    whole = a.get_update()
    updates = [changes_of(whole, client) for client in (1, 2)]
    socket = FakeSocket()
    for update in updates:
        send(receiver, socket, update)
    assert receiver.board.document.clocks == {}
    receiver.receive(socket, yproto.sync_frame(yproto.STEP1, b"\x00"))
    assert receiver.board.document.clocks == {1: 2, 2: 2}


def changes_of(update, client):
    """Return the part of an update that one client drew."""
    at = {run[0]: place for place, run in enumerate(scan(update).runs)}
    doc = Doc()
    doc.apply_update(update)
    others = {other: clock for other, _start, clock in scan(update).runs if other != client}
    assert client in at
    part = doc.get_update(yproto.state_vector_of(others))
    return part[: scan(part).deletions_at] + b"\x00"


def test_delete_set_contains_added_ranges():
    known = DeleteSet([(1, 5, 10), (1, 20, 30), (2, 0, 1)])
    assert known.contains((1, 5, 10))
    assert known.contains((1, 21, 29))
    assert not known.contains((1, 9, 21))
    assert not known.contains((3, 0, 1))
    known.add((1, 10, 20))
    assert known.contains((1, 5, 30))
    known.add((1, 0, 100))
    assert known.contains((1, 0, 100))
    assert not known.contains((1, 0, 101))


def test_split_deletion_has_the_same_ranges():
    runs = [(7, clock, clock + 1) for clock in range(0, 20_000, 2)]
    parts = chunks.split(b"\x00" + encode_deletions(runs))
    assert max(len(one.deletions) for one in parts) == chunks.RUNS_PER_CHUNK
    assert [run for one in parts for run in one.deletions] == runs


def test_event_loop_runs_between_chunks_of_large_update(monkeypatch):
    doc = Doc(client_id=7)
    with doc.transaction():
        for number in range(40_000):
            doc.get("elements:1", type=Map)[f"{number}"] = 1
    runs = [(7, clock, clock + 1) for clock in range(0, 40_000, 2)]
    frame = yproto.sync_frame(yproto.UPDATE, b"\x00" + encode_deletions(runs))
    taken, real = [], Document.apply_scans

    def recorded(document, scans):
        taken.append(sum(len(one.deletions) for one in scans))
        return real(document, scans)

    def make_receiver():
        found = open_board(doc.get_update())
        monkeypatch.setattr(Document, "apply_scans", recorded)
        return found

    async def at_once(receiver):
        receiver.receive(FakeSocket(), frame)
        receiver.flush()

    assert max_work_between_turns(at_once(make_receiver()), taken) == len(runs)  # the control
    whole = make_receiver()
    chunked = whole.receive_chunked(FakeSocket(), frame)
    assert max_work_between_turns(chunked, taken) == chunks.RUNS_PER_CHUNK
    assert all(whole.board.document.deletions.contains(run) for run in runs)


def test_cursors_read_per_frame_are_bounded(receiver, monkeypatch):
    read = []
    monkeypatch.setattr(
        awareness, "with_identity", lambda state, person: read.append(state) or state
    )
    socket = FakeSocket()
    same = [yproto.Entry(1, clock, b"{}") for clock in range(1, 900)]
    receiver.receive(socket, yproto.awareness_frame(same[:60]))
    assert len(read) == 1
    others = [yproto.Entry(client, 1, b"{}") for client in range(1, 900)]
    receiver.receive(socket, yproto.awareness_frame(others))
    receiver.leave(socket)
    receiver.receive(FakeSocket(), yproto.awareness_frame(others))
    assert len(read) < 20


def test_kinds_of_content_that_yrs_reads_otherwise_are_refused():
    """Otherwise the scan would check other values than yrs applies."""
    parent = b"\x01\x01p"
    old_json = b"\x01\x01\x07\x00\x02" + parent + b"\x01\x011" + b"\x00"
    xml_hook = b"\x01\x01\x07\x00\x07" + parent + b"\x05\x01h" + b"\x00"
    gap_with_flags = b"\x01\x01\x07\x00\x20\x01" + b"\x00"
    for update in (old_json, xml_hook, gap_with_flags):
        with pytest.raises(Malformed):
            scan(update)


def test_invalid_elements_and_deletions_are_matched_in_steps_not_squares(monkeypatch):
    """Compares how often a replaced clock is looked at: a linear search looks at each of them for
    each deletion."""
    looked_at = []
    monkeypatch.setattr(
        update_scan,
        "bisect_left",
        lambda clocks, clock: looked_at.append(clock) or bisect_left(clocks, clock),
    )
    count = 2000
    element = b"\x76\x01\x04type\x77\x01z"  # an object whose type is no element's
    structs = [b"\x88\x05" + varint(2 * number) + b"\x01" + element for number in range(count)]
    runs = [(5, 2 * number + 1, 2 * number + 2) for number in range(count)]
    update = b"\x01" + varint(count) + b"\x07\x00" + b"".join(structs) + encode_deletions(runs)
    scanned = scan(update)
    assert scanned.invalid_elements == count
    assert scanned.deletions == runs
    assert len(looked_at) == count


def test_state_vector_of_more_clients_than_a_board_has_is_refused(receiver):
    many = varint(20_000) + b"".join(varint(client) + b"\x01" for client in range(20_000))
    with pytest.raises(Refused):
        receiver.receive(FakeSocket(), yproto.sync_frame(yproto.STEP1, many))


def request_diff_with(receiver, clients):
    state_vector = varint(len(clients)) + b"".join(varint(client) + b"\x01" for client in clients)
    receiver.receive(FakeSocket(), yproto.sync_frame(yproto.STEP1, state_vector))


def test_client_that_kept_the_document_of_before_a_rewriting_is_refused(receiver):
    """Its updates would bring back all the client ids that the rewriting removed."""
    send(receiver, FakeSocket(), update_naming(range(1, 51)))
    request_diff_with(receiver, range(1, 151))
    with pytest.raises(Refused) as refused:
        request_diff_with(receiver, range(1, 152))
    assert refused.value.code == Close.OUTDATED


def test_refused_client_ids_are_not_counted(receiver):
    """The same person may then draw with a new document."""
    with pytest.raises(Refused) as refused:
        send(receiver, FakeSocket(), update_naming(range(1, 2001)))
    assert refused.value.code == Close.FLOOD
    send(receiver, FakeSocket(), update_naming(range(3000, 3001)))
    assert set(receiver.board.document.clocks) == {3000}


def test_runs_of_the_delete_set_are_limited(receiver, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.receiver.MAX_DELETION_RUNS", 3)
    drawing, socket = Doc(client_id=1), FakeSocket()
    array = drawing.get("list", type=Array)
    array.extend(list(range(20)))
    send(receiver, socket, drawing.get_update())
    for at in (1, 3, 5):
        known = drawing.get_state()
        del array[at]
        send(receiver, socket, drawing.get_update(known))
    send(receiver, socket, drawing.get_update())  # repeated runs do not count
    del array[10]
    with pytest.raises(Refused):
        send(receiver, socket, drawing.get_update(drawing.get_state()))


STRUCTS_WITHOUT_CONTENT = {
    "gc": lambda _n: b"\x00\x01",
    "deleted": lambda n: b"\x21\x01\x01a\x03k%d\x01" % n,
    "undrawable": lambda n: (
        b"\x28\x01\x01a\x03k%d\x01" % n + b"\x76\x02\x04type\x77\x05frame\x04link\x7d\x05"
    ),
}


def without_content(struct, count, client=7):
    """An update of `count` structs without content, each followed by one with content."""
    value = b"\x28\x01\x01b\x03v%d\x01\x7d\x01"
    encode = STRUCTS_WITHOUT_CONTENT[struct]
    structs = b"".join(encode(10 + n) + value % (10 + n) for n in range(count))
    return b"\x01" + varint(2 * count) + varint(client) + b"\x00" + structs + b"\x00"


@pytest.mark.parametrize("struct", STRUCTS_WITHOUT_CONTENT)
def test_structs_without_content_count_as_runs_of_the_delete_set(receiver, struct, monkeypatch):
    """yrs adds them to its delete set, although the update's own does not list them."""
    monkeypatch.setattr("apps.classroom.realtime.board.receiver.MAX_DELETION_RUNS", 30)
    document = receiver.board.document
    send(receiver, FakeSocket(), without_content(struct, 20))
    stored = scan_trusted(document.ensure_loaded().get_update())
    assert len(stored.deletions) == document.deletion_runs == 20
    assert len(stored.collected) == 20
    send(receiver, FakeSocket(), without_content(struct, 20))  # known
    assert document.deletion_runs == 20
    with pytest.raises(Refused):
        send(receiver, FakeSocket(), without_content(struct, 20, client=8))


def test_adjacent_structs_without_content_are_one_run():
    assert scan(b"\x01\x03\x07\x00" + b"\x00\x01" * 3 + b"\x00").collected == [(7, 0, 3)]


def test_known_deletions_are_accepted_on_a_board_with_too_many(receiver, monkeypatch):
    drawing = Doc(client_id=1)
    array = drawing.get("list", type=Array)
    array.extend(list(range(9)))
    for at in (1, 3, 5):
        del array[at]
    send(receiver, FakeSocket(), drawing.get_update())
    monkeypatch.setattr("apps.classroom.realtime.board.receiver.MAX_DELETION_RUNS", 1)
    send(receiver, FakeSocket(), drawing.get_update())
