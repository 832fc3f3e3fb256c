"""Questions to the database that are asked at once go there as one."""

import asyncio
import threading

import pytest

from apps.classroom.realtime.server.db import BatchLoader
from apps.classroom.tests.clients import TIMEOUT

# The threads that ask look after their connections first.
pytestmark = pytest.mark.django_db(transaction=True)


class Table:
    """Counts up at each question, which waits until it is let go."""

    def __init__(self):
        self.questions = []
        self.gate = threading.Semaphore(0)

    def ask(self, keys):
        self.questions.append(sorted(keys))
        assert self.gate.acquire(timeout=TIMEOUT)
        if "broken" in keys:
            raise LookupError
        return {key: f"{key}{len(self.questions)}" for key in keys if key != "missing"}

    async def asked(self, times):
        async with asyncio.timeout(TIMEOUT):
            while len(self.questions) < times:
                await asyncio.sleep(0.001)


def play(scenario, max_batch=100):
    async def run():
        table = Table()
        await scenario(table, BatchLoader(table.ask, max_batch=max_batch))

    asyncio.run(run())


def test_keys_requested_during_a_query_are_batched():
    async def scenario(table, loader):
        first = asyncio.create_task(loader.get("a"))
        await table.asked(1)
        rest = asyncio.gather(*(loader.get(key) for key in ("b", "c", "missing", "b")))
        await asyncio.sleep(0.01)
        table.gate.release(2)
        assert await first == "a1"
        assert await rest == ["b2", "c2", None, "b2"]
        assert table.questions == [["a"], ["b", "c", "missing"]]

    play(scenario)


def test_result_is_never_older_than_its_request():
    async def scenario(table, loader):
        first = asyncio.create_task(loader.get("a"))
        await table.asked(1)
        again = asyncio.create_task(loader.get("a"))
        await asyncio.sleep(0.01)
        table.gate.release(2)
        assert [await first, await again] == ["a1", "a2"]

    play(scenario)


def test_batch_size_is_bounded():
    async def scenario(table, loader):
        table.gate.release(3)
        await asyncio.gather(*(loader.get(key) for key in "abcde"))
        assert table.questions == [["a", "b"], ["c", "d"], ["e"]]

    play(scenario, max_batch=2)


def test_failure_affects_its_batch_only():
    async def scenario(table, loader):
        table.gate.release(2)
        both = await asyncio.gather(loader.get("broken"), loader.get("a"), return_exceptions=True)
        assert [type(answer) for answer in both] == [LookupError, LookupError]
        assert await loader.get("b") == "b2"

    play(scenario)


def test_cancelled_request_does_not_affect_others():
    async def scenario(table, loader):
        gone, stays = (asyncio.create_task(loader.get("a")) for _ in range(2))
        await table.asked(1)
        gone.cancel()
        table.gate.release()
        assert await stays == "a1"
        with pytest.raises(asyncio.CancelledError):
            await gone

    play(scenario)
