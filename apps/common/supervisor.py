"""Supervise endless asyncio tasks: log an exception and restart the task with back-off."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

log = logging.getLogger("kreida.tasks")

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0  # seconds before the task restarts
STABLE_AFTER = 60.0  # seconds of running after which the delay is reset

_failing: set[str] = set()


def supervise(name: str, run: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Run `run()`, again whenever it ends, until the returned task is cancelled."""
    return asyncio.create_task(_keep_running(name, run), name=name)


def failing_tasks() -> list[str]:
    """Return the names of tasks that do not do their work at the moment, for `/readyz`."""
    return sorted(_failing)


def set_failing(name: str, failing: bool) -> None:
    """Record whether a task fails that handles its failures itself, and so does not end."""
    if failing:
        _failing.add(name)
    else:
        _failing.discard(name)


async def _keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    delay = FIRST_DELAY
    try:
        while True:
            started = time.monotonic()
            try:
                await run()
                log.error("a background task returned", extra={"data": {"task": name}})
            except (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit):
                raise
            except BaseException:  # any failure leads to a restart; a panic of yrs is no Exception
                log.exception("a background task failed", extra={"data": {"task": name}})
            _failing.add(name)
            if time.monotonic() - started > STABLE_AFTER:
                delay = FIRST_DELAY
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
            _failing.discard(name)
    finally:
        _failing.discard(name)
