"""Guests wait in the lobby until the tutor admits them."""

import asyncio

from apps.classroom.tests.clients import eventually, refused_with


def test_guest_waits_until_admitted(live_room):
    _client, guest_ticket = live_room.guest("Бабуся")

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(guest_ticket) as guest:
            welcome = await guest.wait_for("welcome")
            assert (welcome["you"]["state"], welcome["peers"], welcome["chat"]) == (
                "waiting", [], [],
            )  # fmt: skip
            person = welcome["you"]["person"]
            waiting = [{"person": person, "name": "Бабуся"}]
            if (await tutor.wait_for("welcome"))["lobby"] != waiting:  # the tutor joined first
                await tutor.wait_for("lobby", waiting=waiting)
            assert await refused_with(live_room.url("board", guest_ticket)) == 4423
            await tutor.send_chat("Ви ще не тут")
            await tutor.wait_for("chat")
            await tutor.send("lobby.admit", person=person)
            again = await guest.wait_for("welcome")
            assert (again["you"]["state"], len(again["peers"])) == ("in", 1)
            assert again["chat"] == []  # messages before the admission are hidden
            assert [m["type"] for m in guest.seen] == ["welcome", "welcome"]
            joined = await tutor.wait_for("peer.joined")
            assert joined["peer"]["name"] == "Бабуся"
            async with live_room.board(guest_ticket):
                pass

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def test_admitted_guest_does_not_wait_again(live_room):
    client, ticket = live_room.guest()

    async def admitted(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(ticket) as guest:
            person = (await guest.wait_for("welcome"))["you"]["person"]
            await tutor.send("lobby.admit", person=person)
            assert (await guest.wait_for("welcome"))["you"]["state"] == "in"

    async def rejoin(ticket):
        async with live_room.events(ticket) as guest:
            return (await guest.wait_for("welcome"))["you"]["state"]

    asyncio.run(admitted(live_room.ticket(live_room.tutor)))
    assert asyncio.run(rejoin(live_room.ticket(client=client))) == "in"


def test_waiting_guest_may_only_ping(live_room):
    _client, ticket = live_room.guest()

    async def scenario():
        async with live_room.events(ticket) as guest:
            await guest.wait_for("welcome")
            await guest.send_chat("hello?")
            error = await guest.wait_for("error")
            assert (error["code"], error["ref"]) == ("waiting", "chat.send")
            await guest.send("ping")
            await guest.wait_for("pong")

    asyncio.run(scenario())


def test_denied_guest_is_closed_but_not_banned(live_room):
    client, ticket = live_room.guest()

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor, live_room.events(ticket) as guest:
            person = (await guest.wait_for("welcome"))["you"]["person"]
            await tutor.send("lobby.deny", person=person)
            assert await guest.close_code() == 4403
            await tutor.wait_for("lobby", waiting=[])

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
    assert live_room.join(client=client).status_code == 200


def test_turning_lobby_off_admits_everybody_permanently(live_room):
    _one, first = live_room.guest("Один")
    _two, second = live_room.guest("Два")

    async def scenario(tutor_ticket):
        async with live_room.events(tutor_ticket) as tutor:
            async with live_room.events(first) as a, live_room.events(second) as b:
                for guest in (a, b):
                    await guest.wait_for("welcome")
                await eventually(lambda: True)
                await tutor.send("lobby.set", enabled=False)
                await tutor.wait_for("lobby", enabled=False)
                for guest in (a, b):
                    assert (await guest.wait_for("welcome"))["you"]["state"] == "in"
                await tutor.send("lobby.set", enabled=True)
                await tutor.wait_for("lobby", enabled=True)
            async with live_room.events(first) as a:
                assert (await a.wait_for("welcome"))["you"]["state"] == "in"

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))


def test_tutor_joining_later_sees_waiting_guests(live_room):
    _client, ticket = live_room.guest("Рано")

    async def scenario(tutor_ticket):
        async with live_room.events(ticket) as guest, live_room.events(ticket) as tab:
            await guest.wait_for("welcome")
            await tab.wait_for("welcome")
            async with live_room.events(tutor_ticket) as tutor:
                lobby = (await tutor.wait_for("welcome"))["lobby"]
                assert [waiting["name"] for waiting in lobby] == ["Рано"]

    asyncio.run(scenario(live_room.ticket(live_room.tutor)))
