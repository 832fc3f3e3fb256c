import asyncio

import pytest

from apps.common import supervisor


@pytest.fixture(autouse=True)
def no_delay(monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.0)


def test_failed_task_is_logged_and_restarted(caplog):
    starts = []

    async def main():
        running = asyncio.Event()

        async def run():
            starts.append(1)
            if len(starts) < 3:
                raise ValueError("broken")
            running.set()
            await asyncio.Event().wait()

        task = supervisor.supervise("bus", run)
        await running.wait()
        assert supervisor.failing_tasks() == []
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert len(starts) == 3
    assert [record.data["task"] for record in caplog.records] == ["bus", "bus"]


class Panic(BaseException):
    """Stands for a panic of yrs, which is no Exception."""


def test_panicked_task_is_logged_and_restarted(caplog):
    starts = []

    async def main():
        running = asyncio.Event()

        async def run():
            starts.append(1)
            if len(starts) == 1:
                raise Panic("broken")
            running.set()
            await asyncio.Event().wait()

        task = supervisor.supervise("bus", run)
        async with asyncio.timeout(5):
            await running.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert len(starts) == 2
    assert [record.data["task"] for record in caplog.records] == ["bus"]


def test_task_waiting_for_its_restart_is_failing(monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 3600.0)

    async def main():
        failed = asyncio.Event()

        async def run():
            failed.set()
            raise ValueError("broken")

        task = supervisor.supervise("bus", run)
        await failed.wait()
        await asyncio.sleep(0)
        assert supervisor.failing_tasks() == ["bus"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert supervisor.failing_tasks() == []

    asyncio.run(main())
