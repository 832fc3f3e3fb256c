"""A socket lives no longer than the session that its ticket was made in."""

import asyncio
import time

import pytest
from django.contrib.sessions.models import Session

from apps.accounts.models import User
from apps.classroom.realtime.server.db import run
from apps.classroom.tests.clients import House, refused_with
from apps.classroom.tests.servers import Process
from conftest import AUTH, PASSWORD, bearer

NEW = "another-long-pass-phrase-8"


@pytest.fixture
def student(student):
    student.set_password(PASSWORD)
    student.save()
    return student


def sign_in(api):
    """As an app does: an access token, and the client that holds it."""
    answer = api(None).post(
        f"{AUTH}/login", {"email": User.objects.get(role="student").email, "password": PASSWORD}
    )
    return bearer(answer.json()["meta"]["access_token"])


def closed_within(house, client, act):
    """The codes that the sockets of `client` are closed with, within two seconds of `act`."""
    ticket = house.ticket(client=client)

    async def scenario():
        async with house.events(ticket) as events, house.board(ticket) as board:
            await events.until("welcome")
            await run(act)
            done = time.monotonic()
            codes = await events.close_code(), await board.close_code()
            assert time.monotonic() - done < 2
            return codes

    codes = asyncio.run(scenario())
    assert asyncio.run(refused_with(house.url("events", ticket))) == codes[0]
    return codes


def log_out(client):
    return lambda: client.post("/accounts/logout/", format=None)


def test_signing_out_closes_the_sockets_of_that_session_alone(house, api, student):
    here, there = api(student), api(student)
    other = house.ticket(client=there)

    async def stays():
        async with house.events(other) as events:
            await events.until("welcome")
            await run(log_out(here))
            await asyncio.sleep(2)
            await events.quiet()

    assert closed_within(house, here, log_out(here)) == (4401, 4401)
    asyncio.run(stays())


def change_password(user):
    user = User.objects.get(pk=user.pk)
    user.set_password(NEW)
    user.save()


def test_changed_password_closes_the_sockets(house, api, student):
    act = lambda: change_password(student)  # noqa: E731
    assert closed_within(house, api(student), act) == (4401, 4401)


def test_changed_password_closes_the_sockets_of_a_token(house, api, student):
    assert closed_within(house, sign_in(api), lambda: change_password(student)) == (4401, 4401)


def test_ended_session_of_a_token_closes_its_sockets(house, api, student):
    assert closed_within(house, sign_in(api), Session.objects.all().delete) == (4401, 4401)


def test_sign_out_elsewhere_closes_the_sockets_there(house, api, student):
    here = api(student)
    others = Session.objects.exclude(session_key=here.session.session_key)
    there = api(student)
    assert closed_within(house, there, others.delete) == (4401, 4401)
    assert house.join(client=here).status_code == 200


def test_guest_with_an_account_leaves_when_they_sign_out(house, api, stranger):
    client = api(stranger)
    ticket = house.ticket(client=client, invite=house.invite())

    async def scenario():
        async with house.events(ticket) as guest:
            await guest.until("welcome")
            await run(log_out(client))
            assert await guest.close_code() == 4401

    asyncio.run(scenario())


@pytest.mark.parametrize(("who", "role"), [("tutor", "student"), ("student", "tutor")])
def test_changed_role_closes_the_sockets(house, api, who, role):
    user = getattr(house, who)
    act = lambda: User.objects.filter(pk=user.pk).update(role=role)  # noqa: E731
    assert closed_within(house, api(user), act) == (4403, 4403)
    assert house.join(user).status_code == 403


def test_ticket_does_not_betray_the_session(house, api, student):
    import jwt

    client = api(student)
    claims = jwt.decode(house.ticket(client=client), options={"verify_signature": False})
    assert claims["login"]
    assert client.session.session_key not in str(claims)


@pytest.mark.redis
def test_signing_out_at_one_process_closes_the_sockets_of_another(
    transactional_db, redis, lesson, tutor, student, api
):
    process = Process(redis.url)
    process.stop = process.kill
    try:
        house = House(process, lesson, tutor, student, api)
        client = api(student)
        assert closed_within(house, client, log_out(client)) == (4401, 4401)
    finally:
        process.kill()
