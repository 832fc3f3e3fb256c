"""Two processes that serve one room over Redis, and Redis going away."""

import asyncio
import subprocess

import pytest

from apps.classroom.tests.clients import House, eventually
from apps.classroom.tests.servers import Process
from tests.server import free_port

pytestmark = [pytest.mark.redis]


class Redis:
    def __init__(self):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self.process = subprocess.Popen(["redis-server", *options, "--loglevel", "warning"])

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def redis():
    running = Redis()
    yield running
    running.stop()


@pytest.fixture
def houses(transactional_db, redis, lesson, tutor, student, api):
    """The same lesson as two processes serve it."""
    processes = [Process(redis.url), Process(redis.url)]
    for process in processes:
        process.stop = process.kill
    yield [House(process, lesson, tutor, student, api) for process in processes]
    for process in processes:
        process.kill()


def test_boards_and_events_cross(houses):
    first, second = houses
    tickets = first.ticket(first.tutor), first.ticket(first.student)

    async def scenario():
        async with first.board(tickets[0]) as a, second.board(tickets[1]) as b:
            a.map["x"] = 1
            b.map["y"] = 2
            await eventually(lambda: a.map.to_py() == b.map.to_py() and len(a.map) == 2)
        async with first.events(tickets[0]) as tutor:
            me = (await tutor.until("welcome"))["you"]["peer"]
            async with second.events(tickets[1]) as student:
                assert [p["peer"] for p in (await student.until("welcome"))["peers"]] == [me]
                peer = (await tutor.until("peer.joined"))["peer"]["peer"]
                await student.say("привіт")
                assert (await tutor.until("chat"))["message"]["text"] == "привіт"
                await tutor.send("signal", to=peer, data={"n": 1})
                assert (await student.until("signal"))["from"] == me
                await tutor.send("remove", person=f"u{second.student.pk}")
                assert await student.close_code() == 4403
            await tutor.until("peer.left", peer=peer)

    asyncio.run(scenario())


def test_the_people_of_a_killed_process_leave(houses):
    first, second = houses
    tickets = first.ticket(first.tutor), first.ticket(first.student)

    async def scenario():
        async with first.events(tickets[0]) as tutor, second.events(tickets[1]) as student:
            peer = (await student.until("welcome"))["you"]["peer"]
            await asyncio.to_thread(second.stop)
            async with asyncio.timeout(15):
                while True:
                    try:
                        await tutor.until("peer.left", peer=peer)
                        return
                    except TimeoutError:
                        continue

    asyncio.run(scenario())


def test_redis_away_for_a_while_loses_nothing_and_heals(houses, redis):
    first, second = houses
    tickets = first.ticket(first.tutor), first.ticket(first.student)

    async def scenario():
        async with (
            first.board(tickets[0]) as a,
            second.board(tickets[1]) as b,
            first.events(tickets[0]) as tutor,
            second.events(tickets[1]) as student,
        ):
            await tutor.until("welcome")
            await student.until("welcome")
            await asyncio.to_thread(redis.stop)
            for number in range(20):
                a.map[f"a{number}"] = number
                b.map[f"b{number}"] = number
            await student.say("while it was away")
            await student.until("chat")
            await asyncio.to_thread(redis.start)
            await eventually(lambda: len(a.map) == len(b.map) == 40, 15)
            assert (await tutor.until("chat"))["message"]["text"] == "while it was away"

    asyncio.run(scenario())
