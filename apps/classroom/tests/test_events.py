"""The events socket: presence, chat, hand, media, signalling, timer."""

import asyncio


def test_welcome_and_presence(house):
    async def scenario(first, second):
        async with house.events(first) as a:
            hello = await a.until("welcome")
            assert hello["you"]["state"] == "in"
            async with house.events(second) as b:
                assert [p["person"] for p in (await b.until("welcome"))["peers"]] == [
                    f"u{house.tutor.pk}"
                ]
                joined = await a.until("peer.joined")
                assert joined["peer"]["person"] == f"u{house.student.pk}"
                await b.say("Добрий день")
                assert (await a.until("chat"))["message"]["text"] == "Добрий день"
            await a.until("peer.left", peer=joined["peer"]["peer"])

    asyncio.run(scenario(house.ticket(house.tutor), house.ticket(house.student)))
