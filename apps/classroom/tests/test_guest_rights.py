"""What a guest may do: removal holds, rights end with the lesson, reading starts at admission."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.classroom.models import BoardVersion, ChatMessage, RoomAdmission
from apps.classroom.policies import GUEST_GRACE, Person, Refusal, Role, refusal
from apps.classroom.realtime.server.db import run
from apps.classroom.room_access import load_room_access
from apps.classroom.services import record_entry, remove_person
from apps.classroom.tests.clients import refused_with
from conftest import make_membership, make_user


def read(house, client, what):
    return client.get(f"/api/classroom/sessions/{house.uuid}/{what}/")


def admit(house, client, ticket):
    """Lets that guest in, as the tutor does in the room."""

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(ticket) as guest:
            person = (await guest.until("welcome"))["you"]["person"]
            await tutor.send("lobby.admit", person=person)
            await guest.until("welcome")
        return person

    return asyncio.run(scenario(house.ticket(house.tutor)))


@pytest.fixture
def open_lobby(house):
    house.session.lobby_enabled = False
    house.session.save()


@pytest.mark.usefixtures("open_lobby")
def test_removed_guest_cannot_return_with_fresh_cookies_and_the_others_stay(house, api):
    link = house.invite()
    bad, good = api(None), api(None)
    bad_ticket = house.ticket(client=bad, invite=link, name="Bad")
    good_ticket = house.ticket(client=good, invite=link, name="Good")

    async def scenario(tutor_ticket):
        async with (
            house.events(tutor_ticket) as tutor,
            house.events(bad_ticket) as removed,
            house.events(good_ticket) as stays,
        ):
            person = (await removed.until("welcome"))["you"]["person"]
            await stays.until("welcome")
            await tutor.send("remove", person=person)
            assert await removed.close_code() == 4403
            await tutor.until("peer.left")
            await stays.quiet()

    asyncio.run(scenario(house.ticket(house.tutor)))
    fresh = house.join(client=api(None), invite=link, name="Bad again")
    assert (fresh.status_code, fresh.json()["error"]) == (400, "invite_invalid")
    assert house.join(client=bad, invite=link).status_code == 403
    assert house.join(client=good, invite=link).status_code == 200  # as its page reconnects
    assert read(house, good, "chat").status_code == 200
    assert house.join(client=api(None), invite=house.invite(), name="New").status_code == 200


@pytest.mark.usefixtures("open_lobby")
def test_guest_who_was_away_when_another_was_removed_waits_for_the_tutor(house, api):
    """Their connection was down; or they are the removed one, with cookies made before."""
    link = house.invite()
    bad, spare = api(None), api(None)
    bad_ticket = house.ticket(client=bad, invite=link, name="Bad")
    spare_ticket = house.ticket(client=spare, invite=link, name="Somebody else")

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(bad_ticket) as removed:
            await tutor.until("welcome")
            async with house.events(spare_ticket) as second:
                await second.until("welcome")
            await tutor.until("peer.left")
            person = (await removed.until("welcome"))["you"]["person"]
            await tutor.send("remove", person=person)
            assert await removed.close_code() == 4403

    asyncio.run(scenario(house.ticket(house.tutor)))
    again = house.ticket(client=spare, invite=link)
    assert read(house, spare, "chat").status_code == 403
    assert asyncio.run(refused_with(house.url("board", again))) == 4423

    async def knocks(tutor_ticket):
        async with house.events(tutor_ticket) as tutor:
            await tutor.until("welcome")
            await knocks_at(tutor)

    async def knocks_at(tutor):
        async with house.events(again) as guest:
            you = (await guest.until("welcome"))["you"]
            assert you["state"] == "waiting"
            await tutor.until("lobby", waiting=[{"person": you["person"], "name": you["name"]}])
            await tutor.send("lobby.admit", person=you["person"])
            assert (await guest.until("welcome"))["you"]["state"] == "in"

    asyncio.run(knocks(house.ticket(house.tutor)))
    assert read(house, spare, "chat").status_code == 200


@pytest.mark.usefixtures("open_lobby")
def test_board_of_a_guest_who_must_wait_again_is_closed(house):
    _client, ticket = house.guest()

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.board(ticket) as board:
            async with house.events(ticket) as guest:
                await guest.until("welcome")
            await tutor.until("peer.left")
            await tutor.send("remove", person="g00000000-0000-4000-8000-000000000000")
            return await board.close_code()

    assert asyncio.run(scenario(house.ticket(house.tutor))) == 4423


@pytest.mark.usefixtures("open_lobby")
def test_guest_who_enters_while_another_is_removed_gets_no_place_for_later_invites(house):
    """Their right was checked before the removal, and their entry is recorded after it."""
    key = "g00000000-0000-4000-8000-000000000001"
    generation = house.lesson.invite_generation
    guest = Person(key, "Guest", Role.GUEST, generation, timezone.now().timestamp() + 60)
    remove_person(
        session_id=house.session.pk, person="g00000000-0000-4000-8000-000000000000", name=""
    )
    record_entry(session_id=house.session.pk, guest=guest)
    access = load_room_access([house.session.pk])[house.session.pk]
    assert refusal(access, guest, timezone.now()) is Refusal.INVITE_REPLACED


@pytest.mark.usefixtures("open_lobby")
def test_guest_does_not_learn_who_was_there_before_them(house, api):
    early, guest = api(None), api(None)
    link = house.invite()
    early_ticket = house.ticket(client=early, invite=link, name="Earlier guest")
    ticket = house.ticket(client=guest, invite=link, name="Guest")

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor:
            await tutor.until("welcome")
            async with house.events(early_ticket) as other:
                await other.until("welcome")
            await tutor.until("peer.left")
            async with house.events(ticket) as late:
                await late.until("welcome")

    asyncio.run(scenario(house.ticket(house.tutor)))

    def names(client):
        stays = read(house, client, "attendance").json()["results"]
        return {stay["person"]["name"] for stay in stays}

    assert names(api(house.student)) == {house.tutor.get_full_name(), "Earlier guest", "Guest"}
    assert names(guest) == {house.tutor.get_full_name(), "Guest"}


@pytest.mark.usefixtures("open_lobby")
def test_removed_student_cannot_return_by_the_invite_link(house, api):
    link = house.invite()

    async def scenario(tutor_ticket, student_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(student_ticket) as student:
            await student.until("welcome")
            await tutor.send("remove", person=f"u{house.student.pk}")
            assert await student.close_code() == 4403

    asyncio.run(scenario(house.ticket(house.tutor), house.ticket(house.student)))
    assert house.join(house.student, invite=link).status_code == 403
    assert house.join(client=api(None), invite=link, name="Me").status_code == 400


@pytest.mark.usefixtures("open_lobby")
def test_revoking_after_a_removal_closes_the_guests_who_stayed(house, api):
    client = api(None)
    ticket = house.ticket(client=client, invite=house.invite(), name="Good")

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(ticket) as guest:
            await guest.until("welcome")
            await tutor.send("remove", person="g00000000-0000-4000-8000-000000000000")
            await guest.quiet()
            await run(house.lesson.revoke_invites)
            assert await guest.close_code() == 4410

    asyncio.run(scenario(house.ticket(house.tutor)))
    assert house.join(client=client).json()["error"] == "invite_invalid"


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_invites_open_nothing_once_the_lessons_student_is_suspended(house, api, status):
    link = house.invite()
    house.lesson.classroom.memberships.update(status=status)
    for client in (api(None), api(make_user("student")), api(house.student)):
        answer = house.join(client=client, invite=link, name="Somebody")
        assert answer.status_code == 403, answer.content


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_suspended_classmate_cannot_enter_as_a_guest(house, stranger, status):
    membership = make_membership(house.lesson.classroom, stranger, status=status)
    answer = house.join(stranger, invite=house.invite())
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    membership.status = "active"
    membership.save()
    ticket = house.ticket(stranger, invite=house.invite())

    async def scenario():
        async with house.events(ticket) as guest:
            await guest.until("welcome")
            await run(
                lambda: type(membership).objects.filter(pk=membership.pk).update(status=status)
            )
            assert await guest.close_code() == 4403

    asyncio.run(scenario())


def ends(lesson, how):
    if how == "completed":
        lesson.complete()
    else:
        lesson.ends_at = timezone.now() - GUEST_GRACE
        lesson.starts_at = lesson.ends_at - timedelta(hours=1)
        lesson.save()


@pytest.mark.parametrize("how", ["completed", "its time is over"])
@pytest.mark.usefixtures("open_lobby")
def test_guest_rights_end_with_the_lesson(house, api, how):
    client = api(None)
    ticket = house.ticket(client=client, invite=house.invite(), name="Guest")

    async def scenario():
        async with house.events(ticket) as guest, house.board(ticket) as board:
            await guest.until("welcome")
            await run(ends, house.lesson, how)
            return await guest.close_code(), await board.close_code()

    assert asyncio.run(scenario()) == (4410, 4410)
    assert asyncio.run(refused_with(house.url("events", ticket))) == 4410
    for answer in (house.join(client=client), *(read(house, client, w) for w in READABLE)):
        assert (answer.status_code, answer.json()["error"]) == (410, "invite_expired")
    assert read(house, api(house.student), "chat").status_code == 200


READABLE = ("chat", "history", "attendance")


@pytest.mark.usefixtures("open_lobby")
def test_guest_hears_that_the_lesson_has_ended_before_the_socket_closes(house, api):
    ticket = house.ticket(client=api(None), invite=house.invite(), name="Guest")

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(ticket) as guest:
            await guest.until("welcome")
            await tutor.send("end")
            await guest.until("ended")
            assert await guest.close_code() == 4410
            await tutor.until("ended")
            await tutor.quiet()

    asyncio.run(scenario(house.ticket(house.tutor)))


def test_cancelled_lesson_is_not_readable_by_its_guests(house, api):
    client = api(None)
    admit(house, client, house.ticket(client=client, invite=house.invite(), name="Guest"))
    assert read(house, client, "chat").status_code == 200
    api(house.tutor).post(f"/api/lessons/{house.lesson.pk}/cancel/")
    assert read(house, client, "chat").status_code == 409
    assert read(house, api(house.student), "chat").status_code == 200


def test_guest_reads_what_came_after_their_admission_alone(house, api):
    def leave_something(text):
        fields = {"person": "u1", "name": "Т", "role": "tutor"}
        ChatMessage.objects.create(session=house.session, uuid=house.new_id(), text=text, **fields)
        return BoardVersion.objects.create(session=house.session, state=b"\0\0").pk

    early = leave_something("before")
    client = api(None)
    ticket = house.ticket(client=client, invite=house.invite(), name="Guest")
    assert read(house, client, "chat").status_code == 403
    admit(house, client, ticket)
    late = leave_something("after")
    assert [m["text"] for m in read(house, client, "chat").json()["results"]] == ["after"]
    assert [v["id"] for v in read(house, client, "history").json()["results"]] == [late]
    assert read(house, client, f"history/{early}").status_code == 404
    assert read(house, client, f"history/{late}").status_code == 200
    assert len(read(house, api(house.student), "chat").json()["results"]) == 2

    async def comes_back(ticket):
        async with house.events(ticket) as guest:
            return (await guest.until("welcome"))["chat"]

    again = asyncio.run(comes_back(house.ticket(client=client)))
    assert [m["text"] for m in again] == ["after"]


@pytest.mark.usefixtures("open_lobby")
def test_without_a_lobby_reading_starts_when_a_guest_enters(house, api):
    ChatMessage.objects.create(session=house.session, uuid=house.new_id(), text="before")
    client = api(None)
    house.ticket(client=client, invite=house.invite(), name="Guest")
    assert read(house, client, "chat").json()["results"] == []
    assert not RoomAdmission.objects.exists()


def test_waiting_guest_gets_no_relay_credentials(house, settings):
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example:3478"], "between us"
    client = house.api(None)
    joined = house.join(client=client, invite=house.invite(), name="Guest").json()
    assert joined["ice_servers"] == []
    admit(house, client, joined["ticket"])
    assert len(house.join(client=client).json()["ice_servers"]) == 1
