"""Sockets are closed when the session that their ticket was issued in ends."""

import asyncio
import time

import pytest
from django.contrib.sessions.models import Session

from apps.accounts.models import User
from apps.classroom.realtime.server.db import run
from apps.classroom.tests.clients import LiveRoom, refused_with
from apps.classroom.tests.servers import ServerProcess
from tests.builders import AUTH, PASSWORD, bearer

NEW = "another-long-pass-phrase-8"


@pytest.fixture
def student(student):
    student.set_password(PASSWORD)
    student.save()
    return student


def sign_in(api):
    """Sign in with an access token; return the client that uses it."""
    response = api(None).post(
        f"{AUTH}/login", {"email": User.objects.get(role="student").email, "password": PASSWORD}
    )
    return bearer(response.json()["meta"]["access_token"])


def closed_within(live_room, client, act):
    """Call `act` and return the close codes of the client's sockets, within two seconds."""
    ticket = live_room.ticket(client=client)

    async def scenario():
        async with live_room.events(ticket) as events, live_room.board(ticket) as board:
            await events.wait_for("welcome")
            await run(act)
            done = time.monotonic()
            codes = await events.close_code(), await board.close_code()
            assert time.monotonic() - done < 2
            return codes

    codes = asyncio.run(scenario())
    assert asyncio.run(refused_with(live_room.url("events", ticket))) == codes[0]
    return codes


def log_out(client):
    return lambda: client.post("/accounts/logout/", format=None)


def test_signing_out_closes_sockets_of_that_session_only(live_room, api, student):
    here, elsewhere = api(student), api(student)
    other = live_room.ticket(client=elsewhere)

    async def stay_connected():
        async with live_room.events(other) as events:
            await events.wait_for("welcome")
            await run(log_out(here))
            await asyncio.sleep(2)
            await events.receive_pending()

    assert closed_within(live_room, here, log_out(here)) == (4401, 4401)
    asyncio.run(stay_connected())


def change_password(user):
    user = User.objects.get(pk=user.pk)
    user.set_password(NEW)
    user.save()


def test_changed_password_closes_sockets(frequent_checks, live_room, api, student):
    act = lambda: change_password(student)  # noqa: E731
    assert closed_within(live_room, api(student), act) == (4401, 4401)


def test_changed_password_closes_sockets_of_token(frequent_checks, live_room, api, student):
    assert closed_within(live_room, sign_in(api), lambda: change_password(student)) == (4401, 4401)


def test_ended_session_of_token_closes_sockets(frequent_checks, live_room, api, student):
    assert closed_within(live_room, sign_in(api), Session.objects.all().delete) == (4401, 4401)


def test_ending_other_sessions_closes_their_sockets(frequent_checks, live_room, api, student):
    here = api(student)
    others = Session.objects.exclude(session_key=here.session.session_key)
    elsewhere = api(student)
    assert closed_within(live_room, elsewhere, others.delete) == (4401, 4401)
    assert live_room.join(client=here).status_code == 200


def test_signing_out_closes_sockets_of_guest_with_account(
    frequent_checks, live_room, api, stranger
):
    client = api(stranger)
    ticket = live_room.ticket(client=client, invite=live_room.invite())

    async def scenario():
        async with live_room.events(ticket) as guest:
            await guest.wait_for("welcome")
            await run(log_out(client))
            assert await guest.close_code() == 4401

    asyncio.run(scenario())


@pytest.mark.parametrize(("who", "role"), [("tutor", "student"), ("student", "tutor")])
def test_changed_role_closes_sockets(frequent_checks, live_room, api, who, role):
    user = getattr(live_room, who)
    act = lambda: User.objects.filter(pk=user.pk).update(role=role)  # noqa: E731
    assert closed_within(live_room, api(user), act) == (4403, 4403)
    assert live_room.join(user).status_code == 403


def test_ticket_does_not_contain_session_key(live_room, api, student):
    import jwt

    client = api(student)
    claims = jwt.decode(live_room.ticket(client=client), options={"verify_signature": False})
    assert claims["login"]
    assert client.session.session_key not in str(claims)


@pytest.mark.redis
def test_signing_out_closes_sockets_of_another_process(
    transactional_db, redis, lesson, tutor, student, api
):
    process = ServerProcess(redis.url)
    process.stop = process.kill
    try:
        live_room = LiveRoom(process, lesson, tutor, student, api)
        client = api(student)
        assert closed_within(live_room, client, log_out(client)) == (4401, 4401)
    finally:
        process.kill()
