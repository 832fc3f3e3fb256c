"""Cursors on the board socket: whose they are, and what stays reserved when somebody leaves."""

import asyncio
import json
import uuid

import pytest

from apps.classroom.policies import Person, Role
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.awareness import MAX_REMOVED_PER_PERSON, Awareness, with_identity
from apps.classroom.realtime.server.sockets import Socket
from apps.classroom.tests.clients import awareness_frame, eventually


def without_identity(state):
    """Return a cursor's state without the fields that the server sets."""
    return state and {k: v for k, v in state.items() if k not in {"person", "name", "role"}}


def test_cursors_are_broadcast_and_removed_with_their_socket(run_with_both, live_room):
    ticket = live_room.ticket(live_room.student)

    async def scenario(a, b):
        await b.socket.send(awareness_frame((7, 1, b'{"user":{"name":"B"}}')))
        await eventually(lambda: without_identity(a.awareness.get(7)) == {"user": {"name": "B"}})
        async with live_room.board(ticket) as late:
            await eventually(lambda: late.awareness.get(7) is not None)
        b.socket.transport.abort()
        await eventually(lambda: a.awareness[7] is None)

    run_with_both(scenario)


def test_server_overwrites_identity_in_cursors(run_with_both, live_room):
    forged = {"name": "The Tutor", "person": "u999", "role": "tutor", "page": "1"}

    async def scenario(a, b):
        await b.socket.send(awareness_frame((7, 1, json.dumps(forged).encode())))
        await eventually(lambda: 7 in a.awareness)
        student = live_room.student
        assert a.awareness[7] == {
            "page": "1",
            "person": f"u{student.pk}",
            "name": f"{student.first_name} {student.last_name}",
            "role": "student",
        }

    run_with_both(scenario)


@pytest.mark.parametrize(
    "field",
    [
        {"pointer": {"x": "left", "y": 1}},
        {"pointer": 5},
        {"selected": 5},
        {"selected": ["a"]},
        {"view": [1, 2, 3]},
        {"gathered": "1"},
        {"page": {"a": 1}},
        {"button": []},
    ],
    ids=json.dumps,
)
def test_cursor_field_of_wrong_type_is_removed(run_with_both, field):
    async def scenario(a, b):
        good = {
            "page": "1",
            "button": "up",
            "pointer": {"x": 1, "y": 2},
            "selected": {"a": True},
            "view": [0, 0, 9.5, 9],
            "gathered": 1,
        }
        await b.socket.send(awareness_frame((7, 1, json.dumps({**good, **field}).encode())))
        await eventually(lambda: 7 in a.awareness)
        assert without_identity(a.awareness[7]) == {k: v for k, v in good.items() if k not in field}
        await a.socket.send(awareness_frame((8, 1, json.dumps(good).encode())))
        await eventually(lambda: without_identity(b.awareness.get(8)) == good)

    run_with_both(scenario)


def test_cursor_of_another_client_cannot_be_changed(run_with_both):
    async def scenario(a, b):
        await b.socket.send(awareness_frame((7, 1, b'{"at":1}')))
        await eventually(lambda: without_identity(a.awareness.get(7)) == {"at": 1})
        await a.socket.send(awareness_frame((7, 2, b'{"at":"forged"}'), (8, 1, b"{}")))
        await eventually(lambda: without_identity(b.awareness.get(8)) == {})
        assert b.awareness.get(7) is None  # a client does not receive its own cursor
        await b.socket.send(awareness_frame((7, 3, b'{"at":2}')))
        await eventually(lambda: without_identity(a.awareness.get(7)) == {"at": 2})

    run_with_both(scenario)


async def show_cursor_and_leave(live_room, ticket, watcher):
    """Show a cursor of client 7 with clock 5 and leave; `watcher` sees it come and go."""
    async with live_room.board(ticket) as client:
        await client.socket.send(awareness_frame((7, 5, b"{}")))
        await eventually(lambda: without_identity(watcher.awareness.get(7)) == {})
    await eventually(lambda: watcher.awareness[7] is None)


def test_returning_client_receives_its_removal_to_raise_its_clock(live_room):
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]

    async def scenario():
        async with live_room.board(tickets[0]) as a:
            await show_cursor_and_leave(live_room, tickets[1], a)
            async with live_room.board(tickets[1]) as b:
                await b.socket.send(awareness_frame((7, 5, b"{}")))
                await eventually(lambda: 7 in b.awareness)
                await b.socket.send(awareness_frame((7, 6, b"{}")))
                await eventually(lambda: without_identity(a.awareness[7]) == {})

    asyncio.run(scenario())


def test_cursor_of_departed_client_cannot_be_taken_over(live_room):
    """Otherwise another person with the client id could block its owner's return."""
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]

    async def scenario():
        async with live_room.board(tickets[0]) as a:
            await show_cursor_and_leave(live_room, tickets[1], a)
            await a.socket.send(awareness_frame((7, 6, b"{}"), (8, 1, b"{}")))
            async with live_room.board(tickets[1]) as b:
                await eventually(lambda: without_identity(b.awareness.get(8)) == {})
                assert b.awareness.get(7) is None
                await b.socket.send(awareness_frame((7, 6, b"{}")))
                await eventually(lambda: without_identity(a.awareness[7]) == {})

    asyncio.run(scenario())


def test_cursor_of_client_of_another_process_cannot_be_taken_over():
    tutor = Person("u1", "T", Role.TUTOR)
    student = Person("u2", "S", Role.STUDENT)
    cursors = Awareness()
    cursors.apply_remote([yproto.Entry(7, 5, with_identity(b"{}", student))], "process")
    cursors.apply_remote([yproto.Entry(7, 6, b"null")], "process")
    mine, theirs = (Socket(None, person, uuid.uuid4()) for person in (tutor, student))
    assert cursors.apply(mine, [yproto.Entry(7, 7, b"{}")]) == []
    assert [entry.clock for entry in cursors.apply(theirs, [yproto.Entry(7, 7, b"{}")])] == [7]


def test_reserved_client_id_outlasts_those_of_somebody_else():
    """Else a guest who leaves often enough could take the tutor's client id, and with it the
    tutor's cursor."""
    guest = Socket(None, Person("g1", "G", Role.GUEST), uuid.uuid4())
    tutor = Socket(None, Person("u1", "T", Role.TUTOR), uuid.uuid4())
    cursors = Awareness()
    cursors.apply(tutor, [yproto.Entry(7, 5, b"{}")])
    cursors.remove_where(lambda owner: owner is tutor)
    for client in range(100, 1101):
        assert cursors.apply(guest, [yproto.Entry(client, 1, b"{}")])
        cursors.apply(guest, [yproto.Entry(client, 1, b"null")])
    assert cursors.apply(guest, [yproto.Entry(7, 6, b"{}")]) == []
    assert [entry.clock for entry in cursors.apply(tutor, [yproto.Entry(7, 6, b"{}")])] == [6]
    assert len(cursors._removed) == MAX_REMOVED_PER_PERSON


def test_reserved_client_ids_of_many_people_are_bounded(monkeypatch):
    """The guest with the most loses the oldest of theirs."""
    monkeypatch.setattr("apps.classroom.realtime.board.awareness.MAX_REMOVED", 50)
    guests = [
        Socket(None, Person(f"g{number}", "G", Role.GUEST), uuid.uuid4()) for number in range(20)
    ]
    tutor = Socket(None, Person("u1", "T", Role.TUTOR), uuid.uuid4())
    cursors = Awareness()
    cursors.apply(tutor, [yproto.Entry(7, 5, b"{}")])
    cursors.remove_where(lambda owner: owner is tutor)
    for client in range(100, 300):
        guest = guests[client % 20]
        assert cursors.apply(guest, [yproto.Entry(client, 1, b"{}")])
        cursors.apply(guest, [yproto.Entry(client, 1, b"null")])
    assert len(cursors._removed) == 50
    assert cursors.apply(guests[0], [yproto.Entry(7, 6, b"{}")]) == []
    assert sorted(cursors._removed)[1:] == list(range(251, 300))


def test_awareness_query_returns_cursors(run_with_both):
    async def scenario(a, b):
        await b.socket.send(awareness_frame((7, 1, b"{}")))
        await eventually(lambda: 7 in a.awareness)
        del a.awareness[7]
        await a.socket.send(bytes([yproto.QUERY_AWARENESS]))
        await eventually(lambda: 7 in a.awareness)

    run_with_both(scenario)
