"""Losing the right to be in the room closes the sockets, and says which way it was lost."""

import asyncio

import pytest

from apps.classroom.models import RoomBan
from apps.classroom.tests.clients import refused_with


def closes(house, person_tickets, act, kinds=("events", "board")):
    """The codes that both sockets of a person are closed with once `act` has been done."""
    events_ticket, board_ticket = person_tickets

    async def scenario():
        async with house.events(events_ticket) as events, house.board(board_ticket) as board:
            await events.until("welcome")
            await asyncio.to_thread(act)
            return await events.close_code(), await board.close_code()

    return asyncio.run(scenario())


def in_thread(call):
    """The database work of a test, off its event loop, on a connection that is closed again."""
    from django.db import connection

    def act():
        try:
            call()
        finally:
            connection.close()

    return act


@pytest.fixture
def admitted_guest(house):
    """A guest who need not wait: the ticket twice over, for two sockets."""
    house.session.lobby_enabled = False
    house.session.save()
    _client, ticket = house.guest()
    return ticket, ticket


def both(house, user):
    ticket = house.ticket(user)
    return ticket, ticket


def test_cancelling_closes_everybodys(house):
    act = in_thread(lambda: house.api(house.tutor).post(f"/api/lessons/{house.lesson.pk}/cancel/"))
    assert closes(house, both(house, house.student), act) == (4409, 4409)


def test_revoking_closes_guests(house, admitted_guest):
    url = f"/api/lessons/{house.lesson.pk}/invites/revoke/"
    act = in_thread(lambda: house.api(house.tutor).post(url))
    assert closes(house, admitted_guest, act) == (4410, 4410)


def test_revoking_leaves_the_lessons_own_two_alone(house):
    async def scenario(ticket):
        async with house.events(ticket) as events:
            await events.until("welcome")
            await asyncio.to_thread(in_thread(house.lesson.revoke_invites))
            await events.quiet()

    asyncio.run(scenario(house.ticket(house.student)))


def test_losing_the_membership_closes(house):
    members = house.lesson.classroom.memberships
    act = in_thread(lambda: members.update(status="removed"))
    assert closes(house, both(house, house.student), act) == (4403, 4403)


@pytest.mark.parametrize("who", ["tutor", "student"])
def test_a_deactivated_account_closes(house, who):
    user = getattr(house, who)
    person_tickets = both(house, user)
    act = in_thread(lambda: type(user).objects.filter(pk=user.pk).update(is_active=False))
    assert closes(house, person_tickets, act) == (4403, 4403)


def test_a_guests_deactivated_account_closes(house, stranger):
    house.session.lobby_enabled = False
    house.session.save()
    ticket = house.ticket(stranger, invite=house.invite())
    act = in_thread(lambda: type(stranger).objects.filter(pk=stranger.pk).update(is_active=False))
    assert closes(house, (ticket, ticket), act) == (4403, 4403)


def test_deleting_the_room_closes(house):
    person_tickets = both(house, house.student)
    assert closes(house, person_tickets, in_thread(house.session.delete)) == (4404, 4404)


def test_an_invite_that_expires_closes(house, admitted_guest):
    from datetime import timedelta

    from django.utils import timezone

    from apps.classroom.policies import Person, Role
    from apps.classroom.realtime.server import tickets

    soon = int((timezone.now() + timedelta(seconds=2)).timestamp())
    guest = Person(f"g{house.uuid}", "Гість", Role.GUEST, 0, soon)
    ticket, _ = tickets.issue(room=house.uuid, person=guest, now=timezone.now())
    assert closes(house, (ticket, ticket), lambda: None) == (4410, 4410)


def test_removing_holds(house):
    async def scenario(tutor_ticket, student_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(student_ticket) as student:
            async with house.board(student_ticket) as board:
                await student.until("welcome")
                await tutor.send("remove", person=f"u{house.student.pk}")
                codes = await student.close_code(), await board.close_code()
            assert codes == (4403, 4403)
            await tutor.until("peer.left")
            for kind in ("events", "board"):  # the ticket is good for a minute yet
                assert await refused_with(house.url(kind, student_ticket)) == 4403

    asyncio.run(scenario(house.ticket(house.tutor), house.ticket(house.student)))
    assert house.join(house.student).status_code == 403
    assert RoomBan.objects.get().name == "Олена Коваль"


def test_the_tutor_cannot_be_removed(house):
    async def scenario(ticket):
        async with house.events(ticket) as tutor:
            await tutor.send("remove", person=f"u{house.tutor.pk}")
            assert (await tutor.until("error"))["code"] == "forbidden"

    asyncio.run(scenario(house.ticket(house.tutor)))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("lobby.admit", {"person": "u1"}),
        ("lobby.deny", {"person": "u1"}),
        ("lobby.set", {"enabled": False}),
        ("mute", {"peer": "00000000-0000-4000-8000-000000000000"}),
        ("remove", {"person": "u1"}),
        ("timer.set", {"seconds": 60}),
        ("end", {}),
    ],
)
def test_only_the_tutor_steers(house, kind, fields):
    async def scenario(ticket):
        async with house.events(ticket) as student:
            await student.until("welcome")
            await student.send(kind, **fields)
            error = await student.until("error")
            assert (error["code"], error["ref"]) == ("forbidden", kind)

    asyncio.run(scenario(house.ticket(house.student)))
