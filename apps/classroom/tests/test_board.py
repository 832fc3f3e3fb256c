"""The board: two Yjs clients converge through the server, and what they drew is stored."""

import asyncio

from apps.classroom.tests.clients import eventually


def test_two_clients_converge(house):
    async def scenario(first, second):
        async with house.board(first) as a, house.board(second) as b:
            a.map["x"] = {"type": "rectangle", "x": 1}
            b.map["y"] = {"type": "text", "text": "привіт"}
            await eventually(lambda: a.map.to_py() == b.map.to_py() != {} and len(a.map) == 2)

    asyncio.run(scenario(house.ticket(house.tutor), house.ticket(house.student)))


def test_a_board_is_there_after_everybody_left(house):
    async def scenario(first, second):
        async with house.board(first) as a:
            a.map["x"] = 1
        async with house.board(second) as b:
            assert b.map.to_py() == {"x": 1}

    asyncio.run(scenario(house.ticket(house.tutor), house.ticket(house.student)))
