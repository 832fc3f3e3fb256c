"""The board: Yjs clients converge through the server, whatever one of them does."""

import asyncio
import contextlib
import json
import uuid

import pytest
from pycrdt import Doc, Map
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from apps.classroom.policies import Person, Role
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.awareness import Awareness, with_identity
from apps.classroom.realtime.board.varints import varint
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.realtime.server.sockets import Socket
from apps.classroom.tests.clients import PATIENCE, BoardClient, eventually


@pytest.fixture
def two(house):
    """Runs a scenario with a board of the tutor's and one of the student's."""
    people = house.ticket(house.tutor), house.ticket(house.student)

    def run(scenario):
        async def play():
            async with house.board(people[0]) as tutor, house.board(people[1]) as student:
                await scenario(tutor, student)

        asyncio.run(play())

    return run


async def still_converge(*clients):
    """Whatever happened before, what each of them draws reaches the others."""
    for number, client in enumerate(clients):
        client.map[f"still {number}"] = number
    await eventually(lambda: all(c.map.to_py() == clients[0].map.to_py() for c in clients))
    assert len(clients[0].map) >= len(clients)


def test_two_clients_converge(two):
    async def scenario(a, b):
        a.map["x"] = {"type": "rectangle", "x": 1}
        b.map["y"] = {"type": "text", "text": "привіт"}
        await eventually(lambda: a.map.to_py() == b.map.to_py() and len(a.map) == 2)
        del b.map["x"]
        await eventually(lambda: "x" not in a.map)

    two(scenario)


def test_concurrent_changes_of_one_element_converge(two):
    async def scenario(a, b):
        for number in range(50):
            a.map["x"] = {"a": number}
            b.map["x"] = {"b": number}
        await still_converge(a, b)

    two(scenario)


def test_strokes_made_offline_arrive(house):
    tickets = [house.ticket(house.tutor), house.ticket(house.student)]

    async def scenario():
        async with house.board(tickets[0]) as a:
            async with house.board(tickets[1]) as b:
                b.map["before"] = 1
            b.map["offline"] = 2
            a.map["meanwhile"] = 3
            async with house.board(tickets[1], doc=b.doc) as back:
                await eventually(lambda: a.map.to_py() == back.map.to_py() and len(a.map) == 3)

    asyncio.run(scenario())


def test_a_stock_client_may_put_a_room_name_behind_the_address(house):
    async def scenario(ticket):
        url = house.url("board", ticket).replace("/board?", "/board/anything?")
        async with BoardClient(url):
            pass

    asyncio.run(scenario(house.ticket(house.tutor)))


def said(state):
    """What a client said of itself, without what the server wrote into it."""
    return state and {k: v for k, v in state.items() if k not in {"person", "name", "role"}}


def awareness(*entries):
    return yproto.awareness_frame([yproto.Entry(c, clock, s) for c, clock, s in entries])


def test_cursors_are_seen_and_go_with_their_socket(two, house):
    ticket = house.ticket(house.student)

    async def scenario(a, b):
        await b.socket.send(awareness((7, 1, b'{"user":{"name":"B"}}')))
        await eventually(lambda: said(a.awareness.get(7)) == {"user": {"name": "B"}})
        async with house.board(ticket) as late:
            await eventually(lambda: late.awareness.get(7) is not None)
        b.socket.transport.abort()
        await eventually(lambda: a.awareness[7] is None)

    two(scenario)


def test_server_writes_person_name_and_role_into_cursors(two, house):
    forged = {"name": "The Tutor", "person": "u999", "role": "tutor", "page": "1"}

    async def scenario(a, b):
        await b.socket.send(awareness((7, 1, json.dumps(forged).encode())))
        await eventually(lambda: 7 in a.awareness)
        student = house.student
        assert a.awareness[7] == {
            "page": "1",
            "person": f"u{student.pk}",
            "name": f"{student.first_name} {student.last_name}",
            "role": "student",
        }

    two(scenario)


@pytest.mark.parametrize(
    "field",
    [
        {"pointer": {"x": "left", "y": 1}},
        {"pointer": 5},
        {"selected": 5},
        {"selected": ["a"]},
        {"page": {"a": 1}},
        {"button": []},
    ],
    ids=json.dumps,
)
def test_cursor_field_of_a_wrong_type_is_left_out(two, field):
    async def scenario(a, b):
        good = {"page": "1", "button": "up", "pointer": {"x": 1, "y": 2}, "selected": {"a": True}}
        await b.socket.send(awareness((7, 1, json.dumps({**good, **field}).encode())))
        await eventually(lambda: 7 in a.awareness)
        assert said(a.awareness[7]) == {k: v for k, v in good.items() if k not in field}
        await a.socket.send(awareness((8, 1, json.dumps(good).encode())))
        await eventually(lambda: said(b.awareness.get(8)) == good)

    two(scenario)


def test_nobody_moves_anybody_elses_cursor(two):
    async def scenario(a, b):
        await b.socket.send(awareness((7, 1, b'{"at":1}')))
        await eventually(lambda: said(a.awareness.get(7)) == {"at": 1})
        await a.socket.send(awareness((7, 2, b'{"at":"forged"}'), (8, 1, b"{}")))
        await eventually(lambda: said(b.awareness.get(8)) == {})
        assert b.awareness.get(7) is None  # never told of their own
        await b.socket.send(awareness((7, 3, b'{"at":2}')))
        await eventually(lambda: said(a.awareness.get(7)) == {"at": 2})

    two(scenario)


def test_one_who_comes_back_is_told_to_raise_their_clock(house):
    tickets = [house.ticket(house.tutor), house.ticket(house.student)]

    async def scenario():
        async with house.board(tickets[0]) as a:
            async with house.board(tickets[1]) as b:
                await b.socket.send(awareness((7, 5, b"{}")))
                await eventually(lambda: said(a.awareness.get(7)) == {})
            await eventually(lambda: a.awareness[7] is None)
            async with house.board(tickets[1]) as b:
                await b.socket.send(awareness((7, 5, b"{}")))
                await eventually(lambda: 7 in b.awareness)
                await b.socket.send(awareness((7, 6, b"{}")))
                await eventually(lambda: said(a.awareness[7]) == {})

    asyncio.run(scenario())


def test_cursor_of_one_who_has_left_is_nobody_elses(house):
    """A stranger with the client id would keep its owner out when they come back."""
    tickets = [house.ticket(house.tutor), house.ticket(house.student)]

    async def scenario():
        async with house.board(tickets[0]) as a:
            async with house.board(tickets[1]) as b:
                await b.socket.send(awareness((7, 5, b"{}")))
                await eventually(lambda: said(a.awareness.get(7)) == {})
            await eventually(lambda: a.awareness[7] is None)
            await a.socket.send(awareness((7, 6, b"{}"), (8, 1, b"{}")))
            async with house.board(tickets[1]) as b:
                await eventually(lambda: said(b.awareness.get(8)) == {})
                assert b.awareness.get(7) is None
                await b.socket.send(awareness((7, 6, b"{}")))
                await eventually(lambda: said(a.awareness[7]) == {})

    asyncio.run(scenario())


def test_cursor_of_one_who_has_left_another_process_is_nobody_elses():
    tutor = Person("u1", "T", Role.TUTOR)
    student = Person("u2", "S", Role.STUDENT)
    cursors = Awareness()
    cursors.apply_remote([yproto.Entry(7, 5, with_identity(b"{}", student))], "process")
    cursors.apply_remote([yproto.Entry(7, 6, b"null")], "process")
    mine, theirs = (Socket(None, person, uuid.uuid4()) for person in (tutor, student))
    assert cursors.apply(mine, [yproto.Entry(7, 7, b"{}")]) == []
    assert [entry.clock for entry in cursors.apply(theirs, [yproto.Entry(7, 7, b"{}")])] == [7]


def test_cursors_may_be_asked_for(two):
    async def scenario(a, b):
        await b.socket.send(awareness((7, 1, b"{}")))
        await eventually(lambda: 7 in a.awareness)
        del a.awareness[7]
        await a.socket.send(bytes([yproto.QUERY_AWARENESS]))
        await eventually(lambda: 7 in a.awareness)

    two(scenario)


def item(content, *, client=5, clock=0, kind=8):
    """An update that sets `pages.a`, with content of that kind."""
    parent = bytes([kind | 0x20, 1, 5]) + b"pages" + b"\x01a"
    return b"\x01\x01" + varint(client) + varint(clock) + parent + content + b"\x00"


def update(payload):
    return yproto.sync_frame(yproto.UPDATE, payload)


BAD_FRAMES = {
    "empty": (b"", 4400),
    "unknown kind": (b"\x09", 4400),
    "text": ("hello", 4400),
    "no step": (b"\x00", 4400),
    "unknown step": (b"\x00\x07\x00", 4400),
    "short": (b"\x00\x02\x05ab", 4400),
    "long": (update(b"\x00\x00") + b"x", 4400),
    "endless number": (b"\x00\x02" + b"\xff" * 20, 4400),
    "no update": (update(b"hello world"), 4400),
    "cut update": (update(b"\x01\x01\x05"), 4400),
    "no state vector": (yproto.sync_frame(yproto.STEP1, b"\xff\xff"), 4400),
    "nested to the stack's end": (update(item(b"\x01" + b"\x75\x01" * 400_000 + b"\x7e")), 4400),
    "nested objects": (update(item(b"\x01" + b"\x76\x01\x01a" * 200_000 + b"\x7e")), 4400),
    "a client id over 53 bits": (update(item(b"\x01\x7e", client=2**60)), 4400),
    "content that browsers do not know": (update(item(b"\x00", kind=11)), 4400),
    "JSON that is none": (update(item(b"\x01\x01{", kind=2)), 4400),
    "an array longer than memory": (update(item(b"\x01\x75" + varint(2**40))), 4400),
    "awareness without states": (b"\x01", 4400),
    "awareness of no JSON": (awareness((7, 1, b"{")), 4400),
    "awareness nested": (awareness((7, 1, b"[" * 10_000)), 4400),
    "awareness of no object": (awareness((7, 1, b'"B"')), 4400),
    "awareness of thousands": (awareness(*((c, 1, b"{}") for c in range(2000))), 4400),
    "awareness too large": (awareness((7, 1, json.dumps("x" * 20_000).encode())), 4413),
    "over a mebibyte": (update(b"\x00" * (1024 * 1024)), 4413),
}


@pytest.mark.parametrize("what", BAD_FRAMES)
def test_a_bad_frame_closes_that_one_socket_and_nobody_notices(two, house, what):
    frame, code = BAD_FRAMES[what]
    ticket = house.ticket(house.student)

    async def scenario(a, b):
        async with connect(house.url("board", ticket)) as bad:
            await bad.send(frame)
            async with asyncio.timeout(PATIENCE):
                await bad.wait_closed()
            assert bad.close_code == code
        await still_converge(a, b)

    two(scenario)


def test_an_update_that_says_nothing_new_goes_nowhere(two):
    async def scenario(a, b):
        a.map["x"] = 1
        await eventually(lambda: "x" in b.map)
        heard = []
        take, b.take = b.take, lambda frame: (heard.append(frame), take(frame))
        await a.socket.send(update(a.doc.get_update()))
        a.map["y"] = 1
        await eventually(lambda: "y" in b.map)
        assert len(heard) == 1

    two(scenario)


def test_a_megabyte_in_one_update_is_fine(two):
    async def scenario(a, b):
        a.map["big"] = "x" * (1024 * 1024 - 200)
        await eventually(lambda: "big" in b.map)

    two(scenario)


def test_a_long_stroke_is_fine(two):
    async def scenario(a, b):
        a.map["stroke"] = {"points": [[float(n), 0.5] for n in range(20_000)]}
        await eventually(lambda: "stroke" in b.map)

    two(scenario)


def test_a_flood_closes_that_one_socket(two, house):
    ticket = house.ticket(house.student)

    async def scenario(a, b):
        async with house.board(ticket) as flooding:
            frame = awareness((7, 1, b"{}"))
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await flooding.socket.send(frame)
                    await asyncio.sleep(0)
            assert flooding.socket.close_code == 4429
        await still_converge(a, b)

    two(scenario)


def test_a_board_has_an_end(two, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.board.MAX_BOARD", 10_000)

    async def scenario(a, b):
        a.map["x"] = "x" * 20_000
        assert await a.close_code() == 4413
        assert "x" not in b.map

    two(scenario)


def test_room_is_told_before_its_board_is_full_and_when_there_is_space_again(house, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.board.MAX_BOARD", 100_000)
    monkeypatch.setattr("apps.classroom.realtime.server.registry.MAINTENANCE_INTERVAL", 0.1)
    monkeypatch.setattr("apps.classroom.realtime.board.storage.COMPACT_RETRY_AFTER", 0.1)
    tickets = house.ticket(house.tutor), house.ticket(house.student)

    async def scenario():
        async with house.events(tickets[0]) as tutor, house.board(tickets[0]) as board:
            board.map["x"] = "x" * 50_000
            board.map["y"] = "y" * 35_000
            told = await tutor.until("board.size", level="nearly_full", limit=100_000)
            assert 85_000 < told["used"] < 90_000
            async with house.events(tickets[1]) as late:
                await late.until("board.size", level="nearly_full")
            board.map["z"] = "z" * 14_800
            await tutor.until("board.size", level="full")
            del board.map["z"]
            await tutor.until("board.size", level="nearly_full")
            del board.map["x"]
            assert (await tutor.until("board.size", level="ok"))["used"] < 60_000

    asyncio.run(scenario())


def test_what_was_drawn_over_again_does_not_fill_the_board(two, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.board.MAX_BOARD", 10_000)

    async def scenario(a, b):
        for number in range(20):
            a.map["x"] = f"{number}" + "x" * 1000
        await still_converge(a, b)

    two(scenario)


def test_a_slow_reader_is_dropped_and_resynchronises(two, house, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.sockets.MAX_QUEUED_BYTES", 1024 * 1024)
    monkeypatch.setattr("apps.classroom.realtime.server.sockets.GRACE", 0.5)
    ticket = house.ticket(house.student)

    async def scenario(a, b):
        async with connect(house.url("board", ticket), max_queue=1, compression=None) as slow:
            await slow.send(yproto.sync_frame(yproto.STEP1, b"\x00"))
            await slow.recv()
            slow.transport.pause_reading()
            room = RoomRegistry.current.rooms[house.uuid]
            for number in range(40):
                a.map["x"] = f"{number}" + "x" * 500_000
                await eventually(lambda: b.map.get("x") == a.map["x"])
            await eventually(lambda: len(room.board.sockets) == 2)
            slow.transport.abort()
        await eventually(lambda: b.map.get("x") == a.map["x"])
        async with house.board(ticket) as again:
            assert again.map["x"] == a.map["x"]

    two(scenario)


def test_a_board_larger_than_the_queue_can_be_opened(house):
    tickets = [house.ticket(house.tutor), house.ticket(house.student)]

    async def scenario():
        async with house.board(tickets[0]) as a:
            for number in range(7):
                a.map[f"{number}"] = "x" * 700_000
            for _ in range(3):
                async with house.board(tickets[1]) as b:
                    a.map["small"] = "y"
                    await eventually(lambda: b.map.to_py() == a.map.to_py())

    asyncio.run(scenario())


def test_a_slow_reader_that_wakes_up_is_told_why(house, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.sockets.MAX_QUEUED_BYTES", 1024 * 1024)
    tickets = [house.ticket(house.tutor), house.ticket(house.student)]

    async def scenario():
        async with (
            house.board(tickets[0]) as a,
            connect(house.url("board", tickets[1]), compression=None) as slow,
        ):
            await slow.recv()
            slow.transport.pause_reading()
            board = RoomRegistry.current.rooms[house.uuid].board
            (there,) = (s for s in board.sockets if s.person.role == "student")
            number = 0
            while there.closing is None:
                a.map["x"] = f"{number}" + "x" * 500_000
                number += 1
                await asyncio.sleep(0.01)
            slow.transport.resume_reading()
            async with asyncio.timeout(PATIENCE):
                while True:
                    await slow.recv()

    with pytest.raises(ConnectionClosed, match="4408"):
        asyncio.run(scenario())


def test_rooms_leave_memory_when_empty(two, house):
    async def scenario(a, b):
        a.map["x"] = 1
        assert house.uuid in RoomRegistry.current.rooms

    two(scenario)
    asyncio.run(eventually(lambda: not RoomRegistry.current.rooms))


def test_a_state_vector_of_its_own_is_enough_to_catch_up(house):
    """What the server answers to step 1 is what that client lacks, and no more."""
    doc = Doc()
    doc.get("elements:1", type=Map)["x"] = "x" * 10_000

    async def scenario(ticket):
        async with house.board(ticket, doc=doc) as a:
            a.map["y"] = 1
        async with connect(house.url("board", ticket)) as socket:
            await socket.send(yproto.sync_frame(yproto.STEP1, doc.get_state()))
            frames = [await socket.recv(), await socket.recv()]
            assert sorted(len(frame) > 100 for frame in frames) == [False, False]

    asyncio.run(scenario(house.ticket(house.tutor)))
