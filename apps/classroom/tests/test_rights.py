"""Losing the right to be in the room closes the sockets with a code for the reason."""

import asyncio
from functools import partial

import pytest

from apps.classroom.models import RoomBan
from apps.classroom.tests.clients import refused_with
from apps.lessons.services import revoke_invites

pytestmark = pytest.mark.usefixtures("frequent_checks")


def close_codes(live_room, person_tickets, act, kinds=("events", "board")):
    """Call `act` and return the codes that both sockets of a person are closed with."""
    events_ticket, board_ticket = person_tickets

    async def scenario():
        async with (
            live_room.events(events_ticket) as events,
            live_room.board(board_ticket) as board,
        ):
            await events.wait_for("welcome")
            await asyncio.to_thread(act)
            return await events.close_code(), await board.close_code()

    return asyncio.run(scenario())


def in_thread(call):
    """Wrap a database call for a thread, so that its connection is closed."""
    from django.db import connection

    def act():
        try:
            call()
        finally:
            connection.close()

    return act


@pytest.fixture
def admitted_guest(live_room):
    """The ticket of a guest who need not wait, for the events and the board socket."""
    live_room.session.lobby_enabled = False
    live_room.session.save()
    _client, ticket = live_room.guest()
    return ticket, ticket


def tickets_for(live_room, user):
    ticket = live_room.ticket(user)
    return ticket, ticket


def test_cancelling_closes_all_sockets(live_room):
    act = in_thread(
        lambda: live_room.api(live_room.tutor).post(f"/api/lessons/{live_room.lesson.pk}/cancel/")
    )
    assert close_codes(live_room, tickets_for(live_room, live_room.student), act) == (4409, 4409)


def test_revoking_invites_closes_guest_sockets(live_room, admitted_guest):
    url = f"/api/lessons/{live_room.lesson.pk}/invites/revoke/"
    act = in_thread(lambda: live_room.api(live_room.tutor).post(url))
    assert close_codes(live_room, admitted_guest, act) == (4410, 4410)


def test_revoking_invites_keeps_participant_sockets(live_room):
    async def scenario(ticket):
        async with live_room.events(ticket) as events:
            await events.wait_for("welcome")
            revoke = partial(revoke_invites, lesson_id=live_room.lesson.pk)
            await asyncio.to_thread(in_thread(revoke))
            await events.receive_pending()

    asyncio.run(scenario(live_room.ticket(live_room.student)))


def test_losing_membership_closes_sockets(live_room):
    members = live_room.lesson.classroom.memberships
    act = in_thread(lambda: members.update(status="removed"))
    assert close_codes(live_room, tickets_for(live_room, live_room.student), act) == (4403, 4403)


@pytest.mark.parametrize("who", ["tutor", "student"])
def test_deactivating_account_closes_sockets(live_room, who):
    user = getattr(live_room, who)
    person_tickets = tickets_for(live_room, user)
    act = in_thread(lambda: type(user).objects.filter(pk=user.pk).update(is_active=False))
    assert close_codes(live_room, person_tickets, act) == (4403, 4403)


def test_deactivating_guest_account_closes_sockets(live_room, stranger):
    live_room.session.lobby_enabled = False
    live_room.session.save()
    ticket = live_room.ticket(stranger, invite=live_room.invite())
    act = in_thread(lambda: type(stranger).objects.filter(pk=stranger.pk).update(is_active=False))
    assert close_codes(live_room, (ticket, ticket), act) == (4403, 4403)


def test_deleting_room_closes_sockets(live_room):
    person_tickets = tickets_for(live_room, live_room.student)
    act = in_thread(live_room.session.delete)
    assert close_codes(live_room, person_tickets, act) == (4404, 4404)


def test_expired_invite_closes_sockets(live_room, admitted_guest):
    from datetime import timedelta

    from django.utils import timezone

    from apps.classroom.policies import Person, Role
    from apps.classroom.realtime.server import tickets

    soon = int((timezone.now() + timedelta(seconds=2)).timestamp())
    guest = Person(f"g{live_room.uuid}", "Гість", Role.GUEST, 0, soon)
    ticket, _ = tickets.issue(room=live_room.uuid, person=guest, now=timezone.now())
    assert close_codes(live_room, (ticket, ticket), lambda: None) == (4410, 4410)


def test_removed_person_cannot_return(live_room):
    async def scenario(tutor_ticket, student_ticket):
        async with (
            live_room.events(tutor_ticket) as tutor,
            live_room.events(student_ticket) as student,
        ):
            async with live_room.board(student_ticket) as board:
                await student.wait_for("welcome")
                await tutor.send("remove", person=f"u{live_room.student.pk}")
                codes = await student.close_code(), await board.close_code()
            assert codes == (4403, 4403)
            await tutor.wait_for("peer.left")
            for kind in ("events", "board"):  # the ticket has not expired
                assert await refused_with(live_room.url(kind, student_ticket)) == 4403

    asyncio.run(scenario(live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)))
    assert live_room.join(live_room.student).status_code == 403
    assert RoomBan.objects.get().name == "Олена Коваль"


def test_tutor_cannot_be_removed(live_room):
    async def scenario(ticket):
        async with live_room.events(ticket) as tutor:
            await tutor.send("remove", person=f"u{live_room.tutor.pk}")
            assert (await tutor.wait_for("error"))["code"] == "forbidden"

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("lobby.admit", {"person": "u1"}),
        ("lobby.deny", {"person": "u1"}),
        ("lobby.set", {"enabled": False}),
        ("board.drawing", {"drawing": "none"}),
        ("page.lock", {"page": "1", "locked": True}),
        ("mute", {"peer": "00000000-0000-4000-8000-000000000000"}),
        ("remove", {"person": "u1"}),
        ("timer.set", {"seconds": 60}),
        ("end", {}),
    ],
)
def test_moderation_by_student_is_forbidden(live_room, kind, fields):
    async def scenario(ticket):
        async with live_room.events(ticket) as student:
            await student.wait_for("welcome")
            await student.send(kind, **fields)
            error = await student.wait_for("error")
            assert (error["code"], error["ref"]) == ("forbidden", kind)

    asyncio.run(scenario(live_room.ticket(live_room.student)))
