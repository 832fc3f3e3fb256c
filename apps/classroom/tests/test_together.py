"""Questions to the database that are asked at once go there as one."""

import asyncio
import threading

import pytest

from apps.classroom.realtime.server.db import BatchLoader
from apps.classroom.tests.clients import PATIENCE

# The threads that ask look after their connections first.
pytestmark = pytest.mark.django_db(transaction=True)


class Table:
    """Counts up at each question, which waits until it is let go."""

    def __init__(self):
        self.questions = []
        self.gate = threading.Semaphore(0)

    def ask(self, keys):
        self.questions.append(sorted(keys))
        assert self.gate.acquire(timeout=PATIENCE)
        if "broken" in keys:
            raise LookupError
        return {key: f"{key}{len(self.questions)}" for key in keys if key != "missing"}

    async def asked(self, times):
        async with asyncio.timeout(PATIENCE):
            while len(self.questions) < times:
                await asyncio.sleep(0.001)


def play(scenario, max_batch=100):
    async def run():
        table = Table()
        await scenario(table, BatchLoader(table.ask, max_batch=max_batch))

    asyncio.run(run())


def test_what_comes_meanwhile_is_asked_together():
    async def scenario(table, together):
        first = asyncio.create_task(together.get("a"))
        await table.asked(1)
        rest = asyncio.gather(*(together.get(key) for key in ("b", "c", "missing", "b")))
        await asyncio.sleep(0.01)
        table.gate.release(2)
        assert await first == "a1"
        assert await rest == ["b2", "c2", None, "b2"]
        assert table.questions == [["a"], ["b", "c", "missing"]]

    play(scenario)


def test_an_answer_is_never_older_than_its_question():
    async def scenario(table, together):
        first = asyncio.create_task(together.get("a"))
        await table.asked(1)
        again = asyncio.create_task(together.get("a"))
        await asyncio.sleep(0.01)
        table.gate.release(2)
        assert [await first, await again] == ["a1", "a2"]

    play(scenario)


def test_one_question_is_no_longer_than_it_may_be():
    async def scenario(table, together):
        table.gate.release(3)
        await asyncio.gather(*(together.get(key) for key in "abcde"))
        assert table.questions == [["a", "b"], ["c", "d"], ["e"]]

    play(scenario, max_batch=2)


def test_a_failure_is_theirs_who_asked_and_the_next_get_an_answer():
    async def scenario(table, together):
        table.gate.release(2)
        both = await asyncio.gather(
            together.get("broken"), together.get("a"), return_exceptions=True
        )
        assert [type(answer) for answer in both] == [LookupError, LookupError]
        assert await together.get("b") == "b2"

    play(scenario)


def test_who_leaves_takes_no_answer_from_the_others():
    async def scenario(table, together):
        gone, stays = (asyncio.create_task(together.get("a")) for _ in range(2))
        await table.asked(1)
        gone.cancel()
        table.gate.release()
        assert await stays == "a1"
        with pytest.raises(asyncio.CancelledError):
            await gone

    play(scenario)
