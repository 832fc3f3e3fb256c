"""The rights of guests: removal, end of the lesson, content readable since admission."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.classroom.access_state import load_room_access
from apps.classroom.lessons import get_lessons
from apps.classroom.models import Attendance, BoardVersion, ChatMessage, RoomAdmission
from apps.classroom.policies import GUEST_GRACE, Person, Refusal, Role, refusal
from apps.classroom.realtime.server.db import run
from apps.classroom.services import record_entry, remove_person
from apps.classroom.tests.clients import refused_with
from apps.lessons.services import revoke_invites
from tests.builders import make_membership, make_user
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("frequent_checks")


def get_content(live_room, client, what):
    return client.get(f"/api/classroom/sessions/{live_room.uuid}/{what}/")


def admit_guest(live_room, client, ticket):
    """Admit a guest as the tutor in the room."""

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(ticket) as guest:
            person = (await guest.wait_for("welcome"))["you"]["person"]
            await tutor.send("lobby.admit", person=person)
            await guest.wait_for("welcome")
        return person

    return asyncio.run(scenario(live_room.ticket(live_room.tutor)))


@pytest.fixture
def lobby_off(live_room):
    live_room.session.lobby_enabled = False
    live_room.session.save()


@pytest.mark.usefixtures("lobby_off")
def test_removed_guest_cannot_return_with_new_cookies(live_room, api):
    link = live_room.invite()
    bad, good = api(None), api(None)
    bad_ticket = live_room.ticket(client=bad, invite=link, name="Bad")
    good_ticket = live_room.ticket(client=good, invite=link, name="Good")

    async def scenario(tutor_ticket):
        async with (
            live_room.events(tutor_ticket) as tutor,
            live_room.events(bad_ticket) as removed,
            live_room.events(good_ticket) as remaining,
        ):
            person = (await removed.wait_for("welcome"))["you"]["person"]
            await remaining.wait_for("welcome")
            await tutor.send("remove", person=person)
            assert await removed.close_code() == 4403
            await tutor.wait_for("peer.left")
            await remaining.receive_pending()

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    fresh = live_room.join(client=api(None), invite=link, name="Bad again")
    assert (fresh.status_code, fresh.json()["error"]) == (400, "invite_invalid")
    assert live_room.join(client=bad, invite=link).status_code == 403
    assert live_room.join(client=good, invite=link).status_code == 200  # reconnecting
    assert get_content(live_room, good, "chat").status_code == 200
    assert (
        live_room.join(client=api(None), invite=live_room.invite(), name="New").status_code == 200
    )


@pytest.mark.usefixtures("lobby_off")
def test_guest_absent_during_a_removal_waits_again(live_room, api):
    """They may be the removed person, with cookies made before the removal."""
    link = live_room.invite()
    bad, spare = api(None), api(None)
    bad_ticket = live_room.ticket(client=bad, invite=link, name="Bad")
    spare_ticket = live_room.ticket(client=spare, invite=link, name="Somebody else")

    async def visit():
        async with live_room.events(spare_ticket) as second:
            await second.wait_for("welcome")

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(bad_ticket) as removed:
            await tutor.wait_for("welcome")
            person = (await removed.wait_for("welcome"))["you"]["person"]
            await tutor.send("remove", person=person)
            assert await removed.close_code() == 4403

    asyncio.run(visit())
    wait_until(lambda: not Attendance.objects.present(timezone.now()).exists())
    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    again = live_room.ticket(client=spare, invite=link)
    assert get_content(live_room, spare, "chat").status_code == 403
    assert asyncio.run(refused_with(live_room.url("board", again))) == 4423

    async def return_to_lobby(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor:
            await tutor.wait_for("welcome")
            await wait_and_admit(tutor)

    async def wait_and_admit(tutor):
        async with live_room.events(again) as guest:
            you = (await guest.wait_for("welcome"))["you"]
            assert you["state"] == "waiting"
            await tutor.wait_for("lobby", waiting=[{"person": you["person"], "name": you["name"]}])
            await tutor.send("lobby.admit", person=you["person"])
            assert (await guest.wait_for("welcome"))["you"]["state"] == "in"

    asyncio.run(return_to_lobby(live_room.ticket(live_room.tutor)))
    assert get_content(live_room, spare, "chat").status_code == 200


@pytest.mark.usefixtures("lobby_off")
def test_board_of_guest_who_must_wait_again_is_closed(live_room):
    _client, ticket = live_room.guest()

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.board(ticket) as board:
            async with live_room.events(ticket) as guest:
                await guest.wait_for("welcome")
            await tutor.wait_for("peer.left")
            await tutor.send("remove", person="g00000000-0000-4000-8000-000000000000")
            return await board.close_code()

    assert asyncio.run(scenario(live_room.ticket(live_room.tutor))) == 4423


@pytest.mark.usefixtures("lobby_off")
def test_entry_during_a_removal_is_not_valid_for_new_invites(live_room):
    """The guest's right is checked before the removal and the entry recorded after it."""
    key = "g00000000-0000-4000-8000-000000000001"
    generation = live_room.lesson.invite_generation
    guest = Person(key, "Guest", Role.GUEST, generation, timezone.now().timestamp() + 60)
    remove_person(
        session_id=live_room.session.pk,
        person="g00000000-0000-4000-8000-000000000000",
        name="",
        lesson_id=live_room.lesson.pk,
        lessons=get_lessons(),
    )
    record_entry(session_id=live_room.session.pk, guest=guest)
    loaded = load_room_access([live_room.session.pk], lessons=get_lessons())
    access = loaded[live_room.session.pk]
    assert refusal(access, guest, timezone.now()) is Refusal.INVITE_REPLACED


@pytest.mark.usefixtures("lobby_off")
def test_attendance_before_admission_is_hidden_from_guest(live_room, api):
    early, guest = api(None), api(None)
    link = live_room.invite()
    early_ticket = live_room.ticket(client=early, invite=link, name="Earlier guest")
    ticket = live_room.ticket(client=guest, invite=link, name="Guest")

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor:
            await tutor.wait_for("welcome")
            async with live_room.events(early_ticket) as other:
                await other.wait_for("welcome")
            await tutor.wait_for("peer.left")
            async with live_room.events(ticket) as late:
                await late.wait_for("welcome")

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))

    def attendance_names(client):
        rows = get_content(live_room, client, "attendance").json()["results"]
        return {row["person"]["name"] for row in rows}

    assert attendance_names(api(live_room.student)) == {
        live_room.tutor.get_full_name(),
        "Earlier guest",
        "Guest",
    }
    assert attendance_names(guest) == {live_room.tutor.get_full_name(), "Guest"}


@pytest.mark.usefixtures("lobby_off")
def test_removed_student_cannot_return_by_invite_link(live_room, api):
    link = live_room.invite()

    async def scenario(tutor_ticket, student_ticket):
        async with (
            live_room.events(tutor_ticket) as tutor,
            live_room.events(student_ticket) as student,
        ):
            await student.wait_for("welcome")
            await tutor.send("remove", person=f"u{live_room.student.pk}")
            assert await student.close_code() == 4403

    asyncio.run(scenario(live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)))
    assert live_room.join(live_room.student, invite=link).status_code == 403
    assert live_room.join(client=api(None), invite=link, name="Me").status_code == 400


@pytest.mark.usefixtures("lobby_off")
def test_revoking_after_a_removal_closes_remaining_guests(live_room, api):
    client = api(None)
    ticket = live_room.ticket(client=client, invite=live_room.invite(), name="Good")

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(ticket) as guest:
            await guest.wait_for("welcome")
            await tutor.send("remove", person="g00000000-0000-4000-8000-000000000000")
            await guest.receive_pending()
            await run(revoke_invites, lesson_id=live_room.lesson.pk)
            assert await guest.close_code() == 4410

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    assert live_room.join(client=client).json()["error"] == "invite_invalid"


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_invites_are_refused_while_student_is_suspended(live_room, api, status):
    link = live_room.invite()
    live_room.lesson.classroom.memberships.update(status=status)
    for client in (api(None), api(make_user("student")), api(live_room.student)):
        response = live_room.join(client=client, invite=link, name="Somebody")
        assert response.status_code == 403, response.content


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_suspended_classmate_cannot_enter_as_a_guest(live_room, stranger, status):
    membership = make_membership(live_room.lesson.classroom, stranger, status=status)
    response = live_room.join(stranger, invite=live_room.invite())
    assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    membership.status = "active"
    membership.save()
    ticket = live_room.ticket(stranger, invite=live_room.invite())

    async def scenario():
        async with live_room.events(ticket) as guest:
            await guest.wait_for("welcome")
            await run(
                lambda: type(membership).objects.filter(pk=membership.pk).update(status=status)
            )
            assert await guest.close_code() == 4403

    asyncio.run(scenario())


def end_lesson(lesson, how):
    if how == "completed":
        lesson.complete()
    else:
        lesson.ends_at = timezone.now() - GUEST_GRACE
        lesson.starts_at = lesson.ends_at - timedelta(hours=1)
        lesson.save()


@pytest.mark.parametrize("how", ["completed", "its time is over"])
@pytest.mark.usefixtures("lobby_off")
def test_guest_rights_end_with_the_lesson(live_room, api, how):
    client = api(None)
    ticket = live_room.ticket(client=client, invite=live_room.invite(), name="Guest")

    async def scenario():
        async with live_room.events(ticket) as guest, live_room.board(ticket) as board:
            await guest.wait_for("welcome")
            await run(end_lesson, live_room.lesson, how)
            return await guest.close_code(), await board.close_code()

    assert asyncio.run(scenario()) == (4410, 4410)
    assert asyncio.run(refused_with(live_room.url("events", ticket))) == 4410
    for response in (
        live_room.join(client=client),
        *(get_content(live_room, client, w) for w in READABLE),
    ):
        assert (response.status_code, response.json()["error"]) == (410, "invite_expired")
    assert get_content(live_room, api(live_room.student), "chat").status_code == 200


READABLE = ("chat", "history", "attendance")


@pytest.mark.usefixtures("lobby_off")
def test_guest_receives_ended_before_the_socket_closes(live_room, api):
    ticket = live_room.ticket(client=api(None), invite=live_room.invite(), name="Guest")

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(ticket) as guest:
            await guest.wait_for("welcome")
            await tutor.send("end")
            await guest.wait_for("ended")
            assert await guest.close_code() == 4410
            await tutor.wait_for("ended")
            await tutor.receive_pending()

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def test_cancelled_lesson_is_not_readable_by_its_guests(live_room, api):
    client = api(None)
    admit_guest(
        live_room, client, live_room.ticket(client=client, invite=live_room.invite(), name="Guest")
    )
    assert get_content(live_room, client, "chat").status_code == 200
    api(live_room.tutor).post(f"/api/lessons/{live_room.lesson.pk}/cancel/")
    assert get_content(live_room, client, "chat").status_code == 409
    assert get_content(live_room, api(live_room.student), "chat").status_code == 200


def test_guest_reads_only_content_since_admission(live_room, api):
    def add_content(text):
        fields = {"person": "u1", "name": "Т", "role": "tutor"}
        ChatMessage.objects.create(
            session=live_room.session, uuid=live_room.new_id(), text=text, **fields
        )
        return BoardVersion.objects.create(session=live_room.session, state=b"\0\0").pk

    early = add_content("before")
    client = api(None)
    ticket = live_room.ticket(client=client, invite=live_room.invite(), name="Guest")
    assert get_content(live_room, client, "chat").status_code == 403
    admit_guest(live_room, client, ticket)
    late = add_content("after")
    assert [m["text"] for m in get_content(live_room, client, "chat").json()["results"]] == [
        "after"
    ]
    assert [v["id"] for v in get_content(live_room, client, "history").json()["results"]] == [late]
    assert get_content(live_room, client, f"history/{early}").status_code == 404
    assert get_content(live_room, client, f"history/{late}").status_code == 200
    assert len(get_content(live_room, api(live_room.student), "chat").json()["results"]) == 2

    async def rejoin(ticket):
        async with live_room.events(ticket) as guest:
            return (await guest.wait_for("welcome"))["chat"]

    again = asyncio.run(rejoin(live_room.ticket(client=client)))
    assert [m["text"] for m in again] == ["after"]


@pytest.mark.usefixtures("lobby_off")
def test_guest_without_lobby_reads_only_content_since_entry(live_room, api):
    ChatMessage.objects.create(session=live_room.session, uuid=live_room.new_id(), text="before")
    client = api(None)
    live_room.ticket(client=client, invite=live_room.invite(), name="Guest")
    assert get_content(live_room, client, "chat").json()["results"] == []
    assert not RoomAdmission.objects.exists()


def test_waiting_guest_gets_no_relay_credentials(live_room, settings):
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example:3478"], "between us"
    client = live_room.api(None)
    joined = live_room.join(client=client, invite=live_room.invite(), name="Guest").json()
    assert joined["ice_servers"] == []
    admit_guest(live_room, client, joined["ticket"])
    assert len(live_room.join(client=client).json()["ice_servers"]) == 1


@pytest.mark.usefixtures("lobby_off")
def test_present_guest_who_must_wait_again_returns_to_lobby(live_room):
    """Their attendance could not be recorded, so a removal takes them for absent."""
    _client, ticket = live_room.guest()

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(ticket) as guest:
            person = (await guest.wait_for("welcome"))["you"]["person"]
            await run(Attendance.objects.filter(person=person).delete)
            await tutor.send("remove", person="g00000000-0000-4000-8000-000000000000")
            assert await guest.close_code() == 1012
            await tutor.wait_for("peer.left")
            async with live_room.events(ticket) as again:
                assert (await again.wait_for("welcome"))["you"]["state"] == "waiting"
                await tutor.send("lobby.admit", person=person)
                assert (await again.wait_for("welcome"))["you"]["state"] == "in"
                await again.send_chat("Тут")
                await tutor.wait_for("chat")

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
