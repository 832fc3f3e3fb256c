"""Guests wait in the lobby until the tutor admits them."""

import asyncio

from apps.classroom.tests.clients import eventually, refused_with


def test_a_guest_waits_and_is_admitted(house):
    _client, guest_ticket = house.guest("Бабуся")

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(guest_ticket) as guest:
            welcome = await guest.until("welcome")
            assert (welcome["you"]["state"], welcome["peers"], welcome["chat"]) == (
                "waiting", [], [],
            )  # fmt: skip
            person = welcome["you"]["person"]
            waits = [{"person": person, "name": "Бабуся"}]
            if (await tutor.until("welcome"))["lobby"] != waits:  # the tutor was there first
                await tutor.until("lobby", waiting=waits)
            assert await refused_with(house.url("board", guest_ticket)) == 4423
            await tutor.say("Ви ще не тут")
            await tutor.until("chat")
            await tutor.send("lobby.admit", person=person)
            again = await guest.until("welcome")
            assert (again["you"]["state"], len(again["peers"])) == ("in", 1)
            assert again["chat"] == []  # what was written before is not for them
            assert [m["type"] for m in guest.seen] == ["welcome", "welcome"]
            joined = await tutor.until("peer.joined")
            assert joined["peer"]["name"] == "Бабуся"
            async with house.board(guest_ticket):
                pass

    asyncio.run(scenario(house.ticket(house.tutor)))


def test_who_was_admitted_does_not_wait_again(house):
    client, ticket = house.guest()

    async def admitted(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(ticket) as guest:
            person = (await guest.until("welcome"))["you"]["person"]
            await tutor.send("lobby.admit", person=person)
            assert (await guest.until("welcome"))["you"]["state"] == "in"

    async def comes_back(ticket):
        async with house.events(ticket) as guest:
            return (await guest.until("welcome"))["you"]["state"]

    asyncio.run(admitted(house.ticket(house.tutor)))
    assert asyncio.run(comes_back(house.ticket(client=client))) == "in"


def test_a_waiting_guest_may_only_ping(house):
    _client, ticket = house.guest()

    async def scenario():
        async with house.events(ticket) as guest:
            await guest.until("welcome")
            await guest.say("hello?")
            error = await guest.until("error")
            assert (error["code"], error["ref"]) == ("waiting", "chat.send")
            await guest.send("ping")
            await guest.until("pong")

    asyncio.run(scenario())


def test_denied_means_gone_but_not_banned(house):
    client, ticket = house.guest()

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor, house.events(ticket) as guest:
            person = (await guest.until("welcome"))["you"]["person"]
            await tutor.send("lobby.deny", person=person)
            assert await guest.close_code() == 4403
            await tutor.until("lobby", waiting=[])

    asyncio.run(scenario(house.ticket(house.tutor)))
    assert house.join(client=client).status_code == 200


def test_turning_the_lobby_off_lets_everybody_in_for_good(house):
    _one, first = house.guest("Один")
    _two, second = house.guest("Два")

    async def scenario(tutor_ticket):
        async with house.events(tutor_ticket) as tutor:
            async with house.events(first) as a, house.events(second) as b:
                for guest in (a, b):
                    await guest.until("welcome")
                await eventually(lambda: True)
                await tutor.send("lobby.set", enabled=False)
                await tutor.until("lobby", enabled=False)
                for guest in (a, b):
                    assert (await guest.until("welcome"))["you"]["state"] == "in"
                await tutor.send("lobby.set", enabled=True)
                await tutor.until("lobby", enabled=True)
            async with house.events(first) as a:
                assert (await a.until("welcome"))["you"]["state"] == "in"

    asyncio.run(scenario(house.ticket(house.tutor)))


def test_the_tutor_who_comes_later_sees_who_waits(house):
    _client, ticket = house.guest("Рано")

    async def scenario(tutor_ticket):
        async with house.events(ticket) as guest, house.events(ticket) as tab:
            await guest.until("welcome")
            await tab.until("welcome")
            async with house.events(tutor_ticket) as tutor:
                lobby = (await tutor.until("welcome"))["lobby"]
                assert [waiting["name"] for waiting in lobby] == ["Рано"]

    asyncio.run(scenario(house.ticket(house.tutor)))
