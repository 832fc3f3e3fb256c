"""A server for the tests of the room: uvicorn with the ASGI application, in a thread."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import uvicorn
from django.utils import timezone

from apps.classroom.tests.clients import LiveRoom


@dataclass
class Server:
    url: str
    stop: Callable[[], None]


@pytest.fixture
def lesson(transactional_db, lesson):
    """A committed lesson, visible to the server's threads, that is in progress: guests' rights
    end with the lesson."""
    lesson.starts_at = timezone.now() - timedelta(minutes=10)
    lesson.ends_at = lesson.starts_at + timedelta(hours=1)
    lesson.save()
    return lesson


@pytest.fixture
def frequent_checks(monkeypatch):
    """Let rooms check every tenth of a second, instead of each second, who has lost access."""
    from apps.classroom.realtime.server import registry

    monkeypatch.setattr(registry, "ACCESS_CHECK_INTERVAL", 0.1)


class _Uvicorn(uvicorn.Server):
    """Stops as soon as it can, where uvicorn waits for tenths of a second."""

    async def main_loop(self):
        await self.on_tick(0)
        while not self.should_exit:
            await asyncio.sleep(0.01)

    async def shutdown(self, sockets=None):
        for listener in self.servers:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        async with asyncio.timeout(40):  # the last to leave compacts the board
            while self.server_state.connections or self.server_state.tasks:
                await asyncio.sleep(0.01)
        await self.lifespan.shutdown()


@pytest.fixture
def server(transactional_db, monkeypatch):
    """A server on a free port of 127.0.0.1, stopped before the database is emptied. Its worker has
    no jobs, all of which would be due in the empty database."""
    from config import asgi

    monkeypatch.setattr(asgi, "JOBS", [])
    config = uvicorn.Config(
        asgi.application,
        port=0,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
    )
    running = _Uvicorn(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.005)
    port = running.servers[0].sockets[0].getsockname()[1]

    def stop():
        running.should_exit = True
        thread.join(60)
        assert not thread.is_alive()

    yield Server(f"http://127.0.0.1:{port}", stop)
    stop()


@pytest.fixture
def live_room(server, lesson, tutor, student, api):
    return LiveRoom(server, lesson, tutor, student, api)


@pytest.fixture
def run_with_both(live_room):
    """Run a scenario with one board client of the tutor and one of the student."""
    tickets = live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)

    def run(scenario):
        async def play():
            async with live_room.board(tickets[0]) as tutor, live_room.board(tickets[1]) as student:
                await scenario(tutor, student)

        asyncio.run(play())

    return run
