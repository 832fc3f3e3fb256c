"""A server for the tests of the room: uvicorn with the ASGI application, in a thread."""

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
def server(transactional_db):
    """A server on a free port of 127.0.0.1, stopped before the database is emptied."""
    from config.asgi import application

    config = uvicorn.Config(
        application,
        port=0,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
        timeout_graceful_shutdown=5,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.005)
    port = running.servers[0].sockets[0].getsockname()[1]

    def stop():
        running.should_exit = True
        thread.join(20)
        assert not thread.is_alive()

    yield Server(f"http://127.0.0.1:{port}", stop)
    stop()


@pytest.fixture
def live_room(server, lesson, tutor, student, api):
    return LiveRoom(server, lesson, tutor, student, api)
