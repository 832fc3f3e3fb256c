"""Endless tasks of an event loop: an error is logged and the task started again, with back-off.

`failing_tasks` is what `/readyz` shows of them.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

log = logging.getLogger("kreida.tasks")

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0  # seconds before the task starts again
STABLE_AFTER = 60.0  # seconds of running after which the delay starts small again

_failing: set[str] = set()


def supervise(name: str, run: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Keep `run()` running until the returned task is cancelled."""
    return asyncio.create_task(_keep_running(name, run), name=name)


def failing_tasks() -> list[str]:
    """The names of tasks that ended by an error and wait to be started again."""
    return sorted(_failing)


async def _keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    delay = FIRST_DELAY
    try:
        while True:
            started = time.monotonic()
            try:
                await run()
                log.error("a background task returned", extra={"data": {"task": name}})
            except Exception:  # whatever it was, the task must run again
                log.exception("a background task failed", extra={"data": {"task": name}})
            _failing.add(name)
            if time.monotonic() - started > STABLE_AFTER:
                delay = FIRST_DELAY
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
            _failing.discard(name)
    finally:
        _failing.discard(name)
