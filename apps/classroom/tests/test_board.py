"""The board socket: Yjs clients converge through the server, whatever one of them sends."""

import asyncio
import contextlib
import json

import pytest
from pycrdt import Doc, Map
from pycrdt import write_var_uint as varint
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.tests.clients import TIMEOUT, BoardClient, awareness_frame, eventually


async def assert_converge(*clients):
    """Check that what each client draws reaches the others."""
    for number, client in enumerate(clients):
        client.map[f"still {number}"] = number
    await eventually(lambda: all(c.map.to_py() == clients[0].map.to_py() for c in clients))
    assert len(clients[0].map) >= len(clients)


def test_two_clients_converge(run_with_both):
    async def scenario(a, b):
        a.map["x"] = {"type": "rectangle", "x": 1}
        b.map["y"] = {"type": "text", "text": "привіт"}
        await eventually(lambda: a.map.to_py() == b.map.to_py() and len(a.map) == 2)
        del b.map["x"]
        await eventually(lambda: "x" not in a.map)

    run_with_both(scenario)


def test_concurrent_changes_of_one_element_converge(run_with_both):
    async def scenario(a, b):
        for number in range(50):
            a.map["x"] = {"a": number}
            b.map["x"] = {"b": number}
        await assert_converge(a, b)

    run_with_both(scenario)


def test_offline_strokes_arrive_after_reconnecting(live_room):
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]

    async def scenario():
        async with live_room.board(tickets[0]) as a:
            async with live_room.board(tickets[1]) as b:
                b.map["before"] = 1
            b.map["offline"] = 2
            a.map["meanwhile"] = 3
            async with live_room.board(tickets[1], doc=b.doc) as back:
                await eventually(lambda: a.map.to_py() == back.map.to_py() and len(a.map) == 3)

    asyncio.run(scenario())


def test_board_url_accepts_a_room_name_suffix(live_room):
    async def scenario(ticket):
        url = live_room.url("board", ticket).replace("/board?", "/board/anything?")
        async with BoardClient(url):
            pass

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def item(content, *, client=5, clock=0, kind=8):
    """Return an update that sets `pages.a`, with content of the given kind."""
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
    "awareness of no JSON": (awareness_frame((7, 1, b"{")), 4400),
    "awareness nested": (awareness_frame((7, 1, b"[" * 10_000)), 4400),
    "awareness of no object": (awareness_frame((7, 1, b'"B"')), 4400),
    "awareness of thousands": (awareness_frame(*((c, 1, b"{}") for c in range(2000))), 4400),
    "awareness too large": (awareness_frame((7, 1, json.dumps("x" * 20_000).encode())), 4413),
    "over a mebibyte": (update(b"\x00" * (1024 * 1024)), 4413),
}


@pytest.mark.parametrize("what", BAD_FRAMES)
def test_bad_frame_closes_its_socket_alone(run_with_both, live_room, what):
    frame, code = BAD_FRAMES[what]
    ticket = live_room.ticket(live_room.student)

    async def scenario(a, b):
        async with connect(live_room.url("board", ticket)) as bad:
            await bad.send(frame)
            async with asyncio.timeout(TIMEOUT):
                await bad.wait_closed()
            assert bad.close_code == code
        await assert_converge(a, b)

    run_with_both(scenario)


def test_update_without_news_is_not_broadcast(run_with_both):
    async def scenario(a, b):
        a.map["x"] = 1
        await eventually(lambda: "x" in b.map)
        received = []
        on_frame, b.on_frame = b.on_frame, lambda frame: (received.append(frame), on_frame(frame))
        await a.socket.send(update(a.doc.get_update()))
        a.map["y"] = 1
        await eventually(lambda: "y" in b.map)
        assert len(received) == 1

    run_with_both(scenario)


def test_update_of_one_megabyte_is_accepted(run_with_both):
    async def scenario(a, b):
        a.map["big"] = "x" * (1024 * 1024 - 200)
        await eventually(lambda: "big" in b.map)

    run_with_both(scenario)


def test_long_stroke_is_accepted(run_with_both):
    async def scenario(a, b):
        a.map["stroke"] = {"points": [[float(n), 0.5] for n in range(20_000)]}
        await eventually(lambda: "stroke" in b.map)

    run_with_both(scenario)


def test_flood_closes_its_socket_alone(run_with_both, live_room):
    ticket = live_room.ticket(live_room.student)

    async def scenario(a, b):
        async with live_room.board(ticket) as flooding:
            frame = awareness_frame((7, 1, b"{}"))
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await flooding.socket.send(frame)
                    await asyncio.sleep(0)
            assert flooding.socket.close_code == 4429
        await assert_converge(a, b)

    run_with_both(scenario)


def test_update_beyond_board_limit_closes_its_socket(run_with_both, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.limits.MAX_BOARD", 10_000)

    async def scenario(a, b):
        a.map["x"] = "x" * 20_000
        assert await a.close_code() == 4413
        assert "x" not in b.map

    run_with_both(scenario)


def test_room_is_notified_when_board_size_level_changes(frequent_checks, live_room, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.limits.MAX_BOARD", 100_000)
    monkeypatch.setattr("apps.classroom.realtime.server.registry.MAINTENANCE_INTERVAL", 0.1)
    monkeypatch.setattr("apps.classroom.realtime.board.storage.COMPACT_RETRY_AFTER", 0.1)
    tickets = live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)

    async def scenario():
        async with live_room.events(tickets[0]) as tutor, live_room.board(tickets[0]) as board:
            board.map["x"] = "x" * 50_000
            board.map["y"] = "y" * 35_000
            size = await tutor.wait_for("board.size", level="nearly_full", limit=100_000)
            assert 85_000 < size["used"] < 90_000
            async with live_room.events(tickets[1]) as late:
                await late.wait_for("board.size", level="nearly_full")
            board.map["z"] = "z" * 14_800
            await tutor.wait_for("board.size", level="full")
            del board.map["z"]
            await tutor.wait_for("board.size", level="nearly_full")
            del board.map["x"]
            assert (await tutor.wait_for("board.size", level="ok"))["used"] < 60_000

    asyncio.run(scenario())


def test_overwritten_values_do_not_count_towards_board_limit(run_with_both, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.limits.MAX_BOARD", 10_000)

    async def scenario(a, b):
        for number in range(20):
            a.map["x"] = f"{number}" + "x" * 1000
        await assert_converge(a, b)

    run_with_both(scenario)


def test_slow_reader_is_dropped_and_resyncs(run_with_both, live_room, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.sockets.MAX_QUEUED_BYTES", 1024 * 1024)
    monkeypatch.setattr("apps.classroom.realtime.server.sockets.CLOSE_TIMEOUT", 0.5)
    ticket = live_room.ticket(live_room.student)

    async def scenario(a, b):
        async with connect(live_room.url("board", ticket), max_queue=1, compression=None) as slow:
            await slow.send(yproto.sync_frame(yproto.STEP1, b"\x00"))
            await slow.recv()
            slow.transport.pause_reading()
            room = RoomRegistry.current.rooms[live_room.uuid]
            for number in range(40):
                a.map["x"] = f"{number}" + "x" * 500_000
                await eventually(lambda: b.map.get("x") == a.map["x"])
            await eventually(lambda: len(room.board.sockets) == 2)
            slow.transport.abort()
        await eventually(lambda: b.map.get("x") == a.map["x"])
        async with live_room.board(ticket) as again:
            assert again.map["x"] == a.map["x"]

    run_with_both(scenario)


def test_board_larger_than_send_queue_can_be_opened(live_room):
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]

    async def scenario():
        async with live_room.board(tickets[0]) as a:
            for number in range(7):
                a.map[f"{number}"] = "x" * 700_000
            for _ in range(3):
                async with live_room.board(tickets[1]) as b:
                    a.map["small"] = "y"
                    await eventually(lambda: b.map.to_py() == a.map.to_py())

    asyncio.run(scenario())


def test_resumed_slow_reader_receives_close_code_4408(live_room, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.sockets.MAX_QUEUED_BYTES", 1024 * 1024)
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]

    async def scenario():
        async with (
            live_room.board(tickets[0]) as a,
            connect(live_room.url("board", tickets[1]), compression=None) as slow,
        ):
            await slow.recv()
            slow.transport.pause_reading()
            board = RoomRegistry.current.rooms[live_room.uuid].board
            (student,) = (s for s in board.sockets if s.person.role == "student")
            number = 0
            while student.closing is None:
                a.map["x"] = f"{number}" + "x" * 500_000
                number += 1
                await asyncio.sleep(0.01)
            slow.transport.resume_reading()
            async with asyncio.timeout(TIMEOUT):
                while True:
                    await slow.recv()

    with pytest.raises(ConnectionClosed, match="4408"):
        asyncio.run(scenario())


def test_empty_room_is_removed_from_memory(run_with_both, live_room):
    async def scenario(a, b):
        a.map["x"] = 1
        assert live_room.uuid in RoomRegistry.current.rooms

    run_with_both(scenario)
    asyncio.run(eventually(lambda: not RoomRegistry.current.rooms))


def test_step_1_is_answered_with_missing_structs_only(live_room):
    """The answer has only what the state vector lacks."""
    doc = Doc()
    doc.get("elements:1", type=Map)["x"] = "x" * 10_000

    async def scenario(ticket):
        async with live_room.board(ticket, doc=doc) as a:
            a.map["y"] = 1
        async with connect(live_room.url("board", ticket)) as socket:
            await socket.send(yproto.sync_frame(yproto.STEP1, doc.get_state()))
            frames = [await socket.recv(), await socket.recv()]
            assert sorted(len(frame) > 100 for frame in frames) == [False, False]

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
