"""BatchLoader: requests for the database made at the same time become one query."""

import asyncio
import threading

import pytest

from apps.classroom.realtime.server.db import BatchLoader
from apps.classroom.tests.clients import TIMEOUT

# The query threads check their database connections first.
pytestmark = pytest.mark.django_db(transaction=True)


class FakeTable:
    """A fake table: each query blocks until `gate` is released and returns a new number."""

    def __init__(self):
        self.queries = []
        self.gate = threading.Semaphore(0)

    def query(self, keys):
        self.queries.append(sorted(keys))
        assert self.gate.acquire(timeout=TIMEOUT)
        if "broken" in keys:
            raise LookupError
        return {key: f"{key}{len(self.queries)}" for key in keys if key != "missing"}

    async def wait_for_queries(self, times):
        async with asyncio.timeout(TIMEOUT):
            while len(self.queries) < times:
                await asyncio.sleep(0.001)


def play(scenario, max_batch=100):
    async def run():
        table = FakeTable()
        await scenario(table, BatchLoader(table.query, max_batch=max_batch))

    asyncio.run(run())


def test_keys_requested_during_a_query_are_batched():
    async def scenario(table, loader):
        first = asyncio.create_task(loader.get("a"))
        await table.wait_for_queries(1)
        rest = asyncio.gather(*(loader.get(key) for key in ("b", "c", "missing", "b")))
        await asyncio.sleep(0.01)
        table.gate.release(2)
        assert await first == "a1"
        assert await rest == ["b2", "c2", None, "b2"]
        assert table.queries == [["a"], ["b", "c", "missing"]]

    play(scenario)


def test_result_is_never_older_than_its_request():
    async def scenario(table, loader):
        first = asyncio.create_task(loader.get("a"))
        await table.wait_for_queries(1)
        again = asyncio.create_task(loader.get("a"))
        await asyncio.sleep(0.01)
        table.gate.release(2)
        assert [await first, await again] == ["a1", "a2"]

    play(scenario)


def test_batch_size_is_bounded():
    async def scenario(table, loader):
        table.gate.release(3)
        await asyncio.gather(*(loader.get(key) for key in "abcde"))
        assert table.queries == [["a", "b"], ["c", "d"], ["e"]]

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
        cancelled, waiting = (asyncio.create_task(loader.get("a")) for _ in range(2))
        await table.wait_for_queries(1)
        cancelled.cancel()
        table.gate.release()
        assert await waiting == "a1"
        with pytest.raises(asyncio.CancelledError):
            await cancelled

    play(scenario)
