"""Large boards: kept in memory as an outline, sent from their bytes, processed in parts."""

import asyncio
import contextlib
import random
import subprocess
import sys
import threading

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text
from pycrdt import write_var_uint as varint

from apps.classroom import board_log, compaction
from apps.classroom.models import BoardSnapshot
from apps.classroom.realtime.board import document as documents
from apps.classroom.realtime.board import outline, yproto
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.outline import Base, outline_of
from apps.classroom.realtime.board.storage import BoardStorage
from apps.classroom.realtime.board.update_scan import PendingDependency, scan
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.server import db
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.tests.boards import open_board
from apps.classroom.tests.clients import eventually, max_work_between_turns

BIG = "x" * 2000


def draw_with(*clients, elements=100):
    """Return a document in which clients draw in turn, on top of each other's changes."""
    docs = {client: Doc(client_id=client) for client in clients}
    made = random.Random(7)
    for number in range(elements):
        doc = docs[clients[number % len(clients)]]
        for other in docs.values():
            doc.apply_update(other.get_update(doc.get_state()))
        elements_of = doc.get(f"elements:{number % 3}", type=Map)
        elements_of[f"e{made.randrange(100)}"] = {"x": number, "text": BIG}
        doc.get("order", type=Array).insert(0, number)
        if number % 10 == 9:
            del elements_of[made.choice(sorted(elements_of.keys()))]
    doc = Doc()
    for other in docs.values():
        doc.apply_update(other.get_update())
    return doc


def make_base(doc):
    state = doc.get_update()
    return Base(state, outline_of(state))


def outlined_document(doc):
    return asyncio.run(Document.outlined(make_base(doc)))


def apply_all(updates, doc=None):
    doc = doc or Doc()
    for update in updates:
        doc.apply_update(b"".join(update))
    return doc


def content(doc):
    maps = {f"elements:{page}": doc.get(f"elements:{page}", type=Map).to_py() for page in range(3)}
    return maps | {"order": doc.get("order", type=Array).to_py()}


def clocks(doc):
    return dict(yproto.read_state_vector(doc.get_state()))


@pytest.fixture
def drawn():
    return draw_with(1, 2, 3)


@pytest.fixture(autouse=True)
def small_updates(monkeypatch):
    """Make updates and chunks small, so that a small board has many of them."""
    monkeypatch.setattr(outline, "UPDATE_BYTES", 200)
    monkeypatch.setattr(outline, "CHUNK", 8000)


def test_outline_has_structs_and_deletions_without_values(drawn):
    state = drawn.get_update()
    found = outline_of(state)
    assert sum(map(len, found.updates)) < len(state) / 10
    assert len(found.updates) > 10
    doc = apply_all([[update] for update in found.updates])
    assert clocks(doc) == clocks(drawn) == found.clocks
    deletions = scan(drawn.get_update(drawn.get_state())).deletions
    assert scan(doc.get_update(doc.get_state())).deletions == deletions


def test_each_outline_update_depends_on_earlier_ones_only(drawn):
    doc, known = Doc(), {}
    for update in outline_of(drawn.get_update()).updates:
        for client, start, end in scan(update).runs:
            assert known.get(client, 0) == start
            known[client] = end
        doc.apply_update(update)
        assert clocks(doc) == known  # nothing is pending


def test_circular_structs_are_in_last_outline_update():
    def struct(origin):
        return b"\x88" + bytes(origin) + b"\x01\x7e"  # one value, behind `origin`

    # 2:0 is behind 1:0, and 1:0 is behind 2:0
    update = b"\x02" + b"\x01\x02\x00" + struct((1, 0)) + b"\x01\x01\x00" + struct((2, 0)) + b"\x00"
    found = outline_of(update)
    assert [sorted(scan(update).runs) for update in found.updates] == [[(1, 0, 1), (2, 0, 1)]]


def test_outline_sends_whole_board_to_new_client(drawn):
    late = apply_all(outlined_document(drawn).diff(b"\x00"))
    assert content(late) == content(drawn)
    assert clocks(late) == clocks(drawn)


@pytest.mark.parametrize("until", [10, 37, 90])
def test_outline_sends_missing_chunks_to_returning_client(until):
    before, now = draw_with(1, 2, 3, elements=until), draw_with(1, 2, 3)
    answer = outlined_document(now).diff(before.get_state())
    assert content(apply_all(answer, before)) == content(now)
    assert sum(map(len, answer[0])) < len(now.get_update()) * (1 - until / 100) + 3 * 8500


def test_outline_sends_nothing_to_client_in_step(drawn):
    document = outlined_document(drawn)
    [[answer]] = document.diff(drawn.get_state())
    assert len(answer) < 100
    late = Doc(client_id=9)
    late.apply_update(drawn.get_update())
    late.get("elements:1", type=Map)["late"] = {"x": 1}
    assert document.apply_updates([late.get_update(drawn.get_state())]) is not None
    [[answer]] = document.diff(drawn.get_state())
    drawn.apply_update(answer)
    assert content(drawn) == content(late)


def test_strokes_on_outline_reach_new_and_returning_clients(drawn):
    document, some = outlined_document(drawn), draw_with(1, 2, 3, elements=40)
    other = Doc(client_id=9)
    other.apply_update(drawn.get_update())
    elements = other.get("elements:1", type=Map)
    elements["new"] = {"x": 1, "text": BIG}
    del elements[next(iter(elements.keys()))]
    document.apply_updates([other.get_update(drawn.get_state())])
    for client in (Doc(), some):
        assert content(apply_all(document.diff(client.get_state()), client)) == content(other)
    whole = Doc()
    whole.apply_update(document.encode())
    assert content(whole) == content(other)


def test_outline_diff_is_one_update_unless_a_stored_client_draws_again(drawn):
    document, author = outlined_document(drawn), Doc(client_id=1)
    for number, client in enumerate((Doc(client_id=9), author)):
        client.apply_update(document.encode())
        known = client.get_state()
        client.get("elements:1", type=Map)["new"] = {"x": number}
        document.apply_updates([client.get_update(known)])
        answer = document.diff(b"\x00")
        assert len(answer) == number + 1
        assert content(apply_all(answer)) == content(client)
    assert len(document.diff(author.get_state())) == 1


def test_outline_refuses_the_same_updates_as_a_document(drawn):
    [end] = [clock for client, clock in clocks(drawn).items() if client == 1]
    inside_a_value = b"\x01\x01" + varint(end + 1) + b"\x00"  # a gap: a missing dependency
    key_of_a_value = b"\x01\x01\x09\x00\x28\x00\x01\x00\x01k\x01\x7d\x01\x00"
    for update in (inside_a_value, key_of_a_value, b"\x01\x01\x05", b"\x00\x01"):
        outcomes = []
        for document in (outlined_document(drawn), Document([drawn.get_update()])):
            document.ensure_loaded()
            try:
                outcomes.append(document.apply_updates([update]))
            except Malformed as exc:
                outcomes.append(str(exc))
            assert content(apply_all(document.diff(b"\x00"))) == content(drawn)
        assert outcomes[0] == outcomes[1]


def test_outline_is_rebuilt_after_a_refusal(drawn):
    document = outlined_document(drawn)
    document._doc = None  # as after an update that yrs refused
    assert content(apply_all(document.diff(b"\x00"))) == content(drawn)
    assert content(apply_all(document.diff(drawn.get_state()), drawn)) == content(drawn)


def test_board_becomes_outline_while_strokes_arrive(drawn, monkeypatch):
    """A client draws between two updates."""
    document = Document([drawn.get_update()])
    document.ensure_loaded()
    other = Doc(client_id=9)
    other.apply_update(drawn.get_update())
    elements = other.get("elements:2", type=Map)
    real, turns = asyncio.sleep, []

    async def sleep_and_draw(seconds):
        turns.append(seconds)
        if len(turns) < 20:
            before = other.get_state()
            elements[f"late{len(turns)}"] = {"x": len(turns)}
            document.apply_updates([other.get_update(before)])
        await real(0)

    monkeypatch.setattr(documents.asyncio, "sleep", sleep_and_draw)
    snapshot, base = document.snapshot(), make_base(drawn)
    asyncio.run(document.rebuild(snapshot, base.state, base))
    assert len(turns) > 20
    assert document.is_outlined
    assert content(apply_all(document.diff(b"\x00"))) == content(other)
    assert content(apply_all(document.diff(drawn.get_state()), drawn)) == content(other)


def test_board_compacted_meanwhile_is_not_replaced_again(drawn):
    document, other = Document([drawn.get_update(), b"\x00\x00"]), Doc(client_id=9)
    document.ensure_loaded()
    before, base = document.snapshot(), make_base(drawn)
    document.replace(before, drawn.get_update())
    for number in range(2):
        known = other.get_state()
        other.get("elements:1", type=Map)[f"late{number}"] = {"x": number}
        document.apply_updates([other.get_update(known)])
    parts = list(document.updates)
    document.replace(before, drawn.get_update())
    asyncio.run(document.rebuild(before, base.state, base))
    assert document.updates == parts
    assert not document.is_outlined


def test_board_with_gaps_has_no_outline():
    update = b"\x01\x02\x05\x00\x2a" + b"\x00" * 3  # a gap
    with pytest.raises(Malformed):
        outline_of(update)


def test_whole_board_is_sent_without_copying(drawn):
    """The control is a document, which encodes the board again."""
    document = outlined_document(drawn)
    [answer] = document.diff(b"\x00")
    stored = [
        buffer
        for buffer in answer
        if isinstance(buffer, memoryview) and buffer.obj is document.updates[0]
    ]
    assert sum(map(len, stored)) > len(document.updates[0]) - 200
    assert sum(map(len, answer)) - sum(map(len, stored)) < 300
    control = Document([drawn.get_update()])
    control.ensure_loaded()
    [[encoded]] = control.diff(b"\x00")
    assert len(encoded) == len(drawn.get_update())


# -- the event loop -------------------------------------------------------------------------


def test_event_loop_runs_between_outline_updates(drawn, monkeypatch):
    done, real = [], documents.apply

    def recorded(doc, update):
        done.append(len(update))
        real(doc, update)

    async def at_once():
        Document([base.state]).ensure_loaded()

    monkeypatch.setattr(documents, "apply", recorded)
    monkeypatch.setattr("apps.classroom.merging.apply", recorded)
    base = make_base(drawn)
    assert max_work_between_turns(at_once(), done) == len(base.state)  # the control
    assert max_work_between_turns(Document.outlined(base), done) < 2 * outline.UPDATE_BYTES


# -- over sockets ---------------------------------------------------------------------------


@pytest.fixture
def large(lesson):
    doc = draw_with(1, 2, elements=300)
    state = doc.get_update()
    assert len(state) > compaction.SMALL_BOARD
    BoardSnapshot.objects.create(session=lesson.session, state=state)
    return doc


def test_large_board_is_not_decoded_in_the_server_process(large, live_room, monkeypatch):
    decoded, real = [], documents.apply

    def recorded(doc, update):
        decoded.append(len(update))
        real(doc, update)

    monkeypatch.setattr(documents, "apply", recorded)
    monkeypatch.setattr("apps.classroom.merging.apply", recorded)
    monkeypatch.setattr("apps.classroom.realtime.board.storage.COMPACT_AFTER", 5)
    monkeypatch.setattr("apps.classroom.realtime.server.registry.MAINTENANCE_INTERVAL", 0.1)
    tickets = live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)

    async def scenario():
        async with live_room.board(tickets[0]) as a:
            assert content(a.doc) == content(large)
            board = RoomRegistry.current.rooms[live_room.uuid].board
            for number in range(10):
                a.map[f"new{number}"] = {"x": number}
                await a.drain()
            await eventually(lambda: board.uncompacted < 5)
            a.map["last"] = {"x": 1}
            async with live_room.board(tickets[1]) as b:
                await eventually(lambda: content(b.doc) == content(a.doc))
                b.map["back"] = {"x": 2}
                await eventually(lambda: "back" in a.map)
            assert board.document.is_outlined

    asyncio.run(scenario())
    assert decoded
    assert max(decoded) < compaction.SMALL_BOARD / 20


def test_client_joining_large_board_receives_concurrent_strokes(large, live_room):
    tickets = live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)

    async def scenario():
        async with live_room.board(tickets[0]) as a:

            async def draw():
                for number in range(200):
                    a.map[f"new{number}"] = {"x": number, "text": BIG}
                    await asyncio.sleep(0)

            drawing = asyncio.create_task(draw())
            for _ in range(3):
                async with live_room.board(tickets[1]) as b:
                    await eventually(lambda: content(b.doc) == content(a.doc))
            await drawing
            async with live_room.board(tickets[1]) as b:
                await eventually(lambda: content(b.doc) == content(a.doc))
                assert len([name for name in b.map if name.startswith("new")]) == 200

    asyncio.run(scenario())


def test_memory_of_large_board_is_released_when_room_is_empty(large, live_room, monkeypatch):
    """Even if nobody drew."""
    given = []
    limit = compaction.SMALL_BOARD
    monkeypatch.setattr(
        "apps.classroom.realtime.board.storage.RELEASE_MEMORY_ABOVE", compaction.SMALL_BOARD
    )
    monkeypatch.setattr(
        "apps.classroom.realtime.board.storage.release_memory",
        lambda: given.append(
            [room.board.document.size for room in RoomRegistry.current.rooms.values()]
        ),
    )
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.board(ticket):
            board = RoomRegistry.current.rooms[live_room.uuid].board
            assert board.document.size > limit
            given.clear()
        await eventually(lambda: given)
        assert given == [[]]
        assert board.document.size < 10

    asyncio.run(scenario())


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_connection_that_stored_whole_board_is_closed(monkeypatch):
    """The control is a connection that stored a stroke, which stays open."""

    def query():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return connections["default"]

    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
    assert asyncio.run(db.run(query)).connection is not None
    assert asyncio.run(db.run_large(query)).connection is None


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
def test_database_threads_are_free_while_large_boards_are_stored():
    released = threading.Event()

    async def scenario():
        storing = [asyncio.create_task(db.run_large(released.wait, 20)) for _ in range(db.THREADS)]
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(5):
                assert await db.run(lambda: "answer") == "answer"
        finally:
            released.set()
            await asyncio.gather(*storing)

    asyncio.run(scenario())


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("share", "thread"), [(0.2, "room-db_"), (0.6, "room-db-large_"), (2, "room-db-large_")]
)
def test_boards_that_may_be_large_with_their_log_are_compacted_in_threads_of_their_own(
    monkeypatch, share, thread
):
    """Beyond half the limit of a small board, since the log may repeat what is in memory."""
    doc, used = Doc(), []
    doc.get("elements:1", type=Map)["text"] = "x" * int(share * compaction.SMALL_BOARD)
    board = open_board(doc.get_update()).board
    board.uncompacted = 1

    def compact(*_args, **_options):
        used.append(threading.current_thread().name)

    monkeypatch.setattr(board_log, "compact", compact)
    asyncio.run(BoardStorage(writer=None).compact(1, board))
    assert len(used) == 1
    assert used[0].startswith(thread)


MEASURE = """
from apps.classroom.realtime.board import memory
{first}
size = 8 * memory.LARGE_BLOCK
del (learned := [b"x" * size])[:]  # makes the C library keep such blocks
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
block = b"x" * size
behind = [bytes(2000) for _ in range(1000)]
before = resident()
del block
print(before - resident() > size / 2)
"""


@pytest.mark.parametrize(
    ("first", "goes_back"), [("memory.configure_malloc()", "True"), ("", "False")]
)
def test_freed_large_blocks_are_returned_to_the_system(first, goes_back):
    command = [sys.executable, "-c", MEASURE.format(first=first)]
    result = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=compaction.ROOT
    )
    assert result.stdout.strip() == goes_back


def test_compaction_reads_identical_board_once(large, lesson, monkeypatch):
    read = []

    def note(updates, **_options):
        read.append(updates)

    monkeypatch.setattr(board_log.compaction, "compact_in_subprocess", note)
    with pytest.raises(AttributeError):
        board_log.compact(lesson.session.pk, [large.get_update(), b"late"])
    assert read == [[large.get_update(), b"late"]]


def test_rebuilt_document_has_what_only_the_log_had(drawn):
    document, elsewhere = outlined_document(drawn), Doc(client_id=9)
    elsewhere.apply_update(drawn.get_update())
    elsewhere.get("elements:1", type=Map)["unpublished"] = {"x": 1}
    state = elsewhere.get_update()
    base = make_base(elsewhere)
    missing = asyncio.run(document.rebuild(document.snapshot(), state, base))
    assert content(apply_all(missing, drawn)) == content(elsewhere)
    assert document.clocks == clocks(elsewhere)
    assert content(apply_all(document.diff(b"\x00"))) == content(elsewhere)
    assert asyncio.run(document.rebuild(document.snapshot(), state, base)) == []


EDITS = st.tuples(
    st.integers(0, 2),  # client
    st.sampled_from(["set", "delete", "nest", "insert", "remove", "type", "erase", "sync"]),
    st.integers(0, 5),
)


def edit(docs, who, what, number):
    doc = docs[who]
    elements, order = doc.get("elements:0", type=Map), doc.get("order", type=Array)
    text, nested = doc.get("text", type=Text), doc.get("elements:1", type=Map)
    key = f"e{number}"
    if what == "set":
        elements[key] = {"x": number, "points": [[number, who]], "text": "ї" * number}
    elif what == "delete" and key in elements:
        del elements[key]
    elif what == "nest":
        nested[key] = Map({"order": number, "list": Array([who, number])})
    elif what == "insert":
        order.insert(min(number, len(order)), {"who": who})
    elif what == "remove" and len(order):
        del order[number % len(order)]
    elif what == "type":
        text.insert(min(number, len(str(text))), "board"[: number + 1])
    elif what == "erase" and len(str(text)) > number + 1:
        del text[number : number + 2]
    elif what == "sync":
        for other in docs:
            doc.apply_update(other.get_update(doc.get_state()))


def all_content(doc):
    return {
        "elements:0": doc.get("elements:0", type=Map).to_py(),
        "elements:1": doc.get("elements:1", type=Map).to_py(),
        "order": doc.get("order", type=Array).to_py(),
        "text": str(doc.get("text", type=Text)),
    }


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=st.lists(EDITS, max_size=40), after=st.lists(EDITS, max_size=25), back=st.data())
def test_outline_and_document_give_equal_diffs(before, after, back):
    docs = [Doc(client_id=client) for client in (1, 2, 3)]
    past = []
    for number, one in enumerate(before):
        edit(docs, *one)
        past.append(docs[number % 3].get_update())
    server = Doc()
    for doc in docs:
        server.apply_update(doc.get_update())
    document, at = outlined_document(server), [doc.get_state() for doc in docs]
    for one in after:
        edit(docs, *one)
    for who in back.draw(st.permutations(range(3))):
        update = docs[who].get_update(server.get_state())
        server.apply_update(update)
        with contextlib.suppress(PendingDependency):
            document.apply_updates([update])
    for who in range(3):  # updates that depended on another client's
        document.apply_updates([docs[who].get_update(at[who])])
    returning = Doc()
    if past:
        returning.apply_update(back.draw(st.sampled_from(past)))
    assert document.clocks == clocks(server)
    for client in (Doc(), returning):
        found = apply_all(document.diff(client.get_state()), client)
        assert all_content(found) == all_content(server)
        assert clocks(found) == clocks(server)
    whole = Doc()
    whole.apply_update(document.encode())
    assert all_content(whole) == all_content(server)
