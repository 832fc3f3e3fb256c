"""Limits of sockets and rooms per ticket, person, address and process."""

import asyncio
import socket as sockets
import uuid
from contextlib import AsyncExitStack, ExitStack

import pytest

from apps.classroom.policies import Person, Role
from apps.classroom.realtime.server import socket_limits as limits
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.realtime.server.socket_limits import SocketLimits
from apps.classroom.realtime.server.sockets import Refused, Socket
from apps.classroom.realtime.server.tickets import MAX_USES
from apps.classroom.tests.clients import eventually, refused_with
from tests.builders import NOON, make_lesson


def count_open(kind):
    """Return how many sockets of a kind the server counts towards its limits."""
    open_sockets = RoomRegistry.current.limits._open
    return sum(count for (*_, last), count in open_sockets.items() if last == kind)


@pytest.mark.parametrize("kind", ["events", "board"])
def test_sockets_per_ticket_are_bounded(live_room, kind):
    async def scenario(ticket):
        opened = getattr(live_room, kind)
        async with AsyncExitStack() as open_sockets:
            for _ in range(MAX_USES):
                await open_sockets.enter_async_context(opened(ticket))
            return [await refused_with(live_room.url(kind, ticket)) for _ in range(3)]

    assert asyncio.run(scenario(live_room.ticket(live_room.tutor))) == [4401] * 3


def test_sockets_per_person_and_room_are_bounded(live_room, monkeypatch):
    monkeypatch.setattr(limits, "PER_PERSON_AND_ROOM", 2)
    tickets = [live_room.ticket(live_room.student) for _ in range(4)]

    async def scenario():
        async with live_room.events(tickets[0]) as first, live_room.events(tickets[1]):
            assert await refused_with(live_room.url("events", tickets[2])) == 4429
            async with live_room.board(tickets[2]):
                pass
            await first.socket.close()
            await eventually(lambda: count_open("events") == 1)
            async with live_room.events(tickets[3]) as again:
                await again.wait_for("welcome")

    asyncio.run(scenario())


def test_guests_per_address_are_bounded(live_room, monkeypatch):
    monkeypatch.setattr(limits, "PER_ADDRESS_AND_ROOM", 2)
    guests = [live_room.guest(f"Guest {number}")[1] for number in range(3)]

    async def scenario(tutor_ticket):
        async with live_room.events(guests[0]), live_room.events(guests[1]):
            assert await refused_with(live_room.url("events", guests[2])) == 4429
            async with live_room.events(tutor_ticket) as tutor:
                await tutor.wait_for("welcome")

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def test_rooms_per_process_are_bounded(live_room, tutor, student, monkeypatch):
    monkeypatch.setattr(limits, "MAX_ROOMS", 1)
    other = make_lesson(tutor, student, NOON).session.uuid
    tickets = [
        live_room.ticket(tutor),
        live_room.api(tutor).post(f"/api/classroom/sessions/{other}/join/").json()["ticket"],
    ]

    async def scenario():
        async with live_room.events(tickets[0]) as events:
            await events.wait_for("welcome")
            assert await refused_with(live_room.url("events", tickets[1], room=other)) == 4429

    asyncio.run(scenario())


GUEST = Person("g1", "Guest", Role.GUEST)


def test_counts_are_dropped_when_sockets_close():
    counted = SocketLimits()
    with counted.socket(uuid.uuid4(), GUEST, "192.0.2.1", "events"):
        assert counted._open
    assert not counted._open


def test_guests_per_room_are_bounded():
    counted, room = SocketLimits(), uuid.uuid4()
    full = _opened(counted, room, limits.GUESTS_PER_ROOM)
    with (
        full,
        pytest.raises(Refused),
        counted.socket(room, GUEST, "203.0.113.9", "events"),
    ):
        pass


def test_addresses_of_an_ipv6_network_count_as_one():
    counted, room = SocketLimits(), uuid.uuid4()
    with _opened(counted, room, limits.PER_ADDRESS_AND_ROOM, "2001:db8::{:x}"):
        guest = Person("other", "Guest", Role.GUEST)
        with pytest.raises(Refused), counted.socket(room, guest, "2001:db8::ffff", "events"):
            pass
        with counted.socket(room, guest, "2001:db8:0:1::1", "events"):
            pass


def _opened(counted, room, number, address="192.0.2.{}"):
    stack = ExitStack()
    for at in range(number):
        person = Person(f"g{at}", "Guest", Role.GUEST)
        stack.enter_context(counted.socket(room, person, address.format(at), "events"))
    return stack


def test_socket_that_never_reads_is_closed(live_room, monkeypatch):
    """It reads nothing, answers no ping and has less than a full send queue."""
    monkeypatch.setattr("apps.classroom.realtime.server.sockets.WRITE_TIMEOUT", 1.0)
    chunk = "x" * 60_000

    async def scenario(ticket, tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor:
            await tutor.wait_for("welcome")
            silent = await asyncio.to_thread(never_reading, live_room, ticket)
            peer = (await tutor.wait_for("peer.joined"))["peer"]["peer"]
            room = RoomRegistry.current.rooms[live_room.uuid]
            for _ in range(40):
                await tutor.send("signal", to=peer, data={"x": chunk})
            await tutor.wait_for("peer.left", peer=peer)
            assert len(room.events) == 1
            silent.close()

    asyncio.run(scenario(live_room.ticket(live_room.student), live_room.ticket(live_room.tutor)))


def never_reading(live_room, ticket):
    host, port = live_room.server.removeprefix("http://").split(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2048)
    raw.connect((host, int(port)))
    path = live_room.url("events", ticket).split(port, 1)[1]
    raw.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return raw


def test_transport_that_does_not_close_is_aborted(monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.sockets.CLOSE_TIMEOUT", 0.0)

    class Transport:
        aborted = False

        def is_closing(self):
            return True

        def abort(self):
            self.aborted = True

    class Connection:
        transport = Transport()

        async def send(self, message):
            pass

    connection = Connection()
    socket = Socket(connection.send, GUEST, uuid.uuid4())
    socket.abort_if_stalled()
    assert not connection.transport.aborted
    socket.abort_if_stalled()
    assert connection.transport.aborted


def test_frames_are_sent_without_a_timer_for_each():
    sent, timers = [], []

    async def send(message):
        sent.append(message["bytes"])

    async def scenario():
        loop = asyncio.get_running_loop()
        call_at = loop.call_at
        loop.call_at = lambda *args, **options: timers.append(args) or call_at(*args, **options)
        socket = Socket(send, GUEST, uuid.uuid4())
        writer = asyncio.create_task(socket.run_writer())
        for number in range(3):
            socket.push(bytes([number]))
        while len(sent) < 3:
            await asyncio.sleep(0)
        writer.cancel()

    asyncio.run(scenario())
    assert timers == []
