"""The periodic tasks of all rooms: a fault of one room leaves the others their turn."""

import asyncio
from unittest.mock import AsyncMock, Mock

import pytest
from django.db import OperationalError

from apps.classroom.realtime.server import registry
from apps.classroom.realtime.server.registry import RoomRegistry

TASKS = {
    "_apply_board_rules": "apply_board_rules",
    "_refresh_presence": "renew_ice_servers",
    "_record_attendance": "record_pending_arrivals",
    "_notify_saving": "notify_board_size",
    "_check_access": "apply_access",
}


def make_room(method, failure):
    room = Mock(session_id=1)
    room.sockets.return_value, room.people.return_value, room.presence.local = [], set(), {}
    room.presence.expire_dead_processes.return_value = []
    room.board.consume_dirty.return_value = False
    for name in ("apply_board_rules", "record_pending_arrivals", "apply_access"):
        setattr(room, name, AsyncMock())
    getattr(room, method).side_effect = failure
    return room


def make_registry(monkeypatch, rooms):
    monkeypatch.setattr(registry.db, "run", AsyncMock(return_value={}))
    monkeypatch.setattr(registry, "load_room_access", Mock(return_value={}))
    running = RoomRegistry.__new__(RoomRegistry)
    running.rooms = dict(enumerate(rooms))
    running.writer, running.bus, running.board_storage = Mock(is_late=False), Mock(), AsyncMock()
    running.lessons, running._missed_since = Mock(), None
    return running


@pytest.mark.parametrize(("task", "method"), TASKS.items())
def test_faulty_room_does_not_keep_later_ones_from_their_turn(monkeypatch, task, method, log_lines):
    faulty, other = make_room(method, ZeroDivisionError()), make_room(method, None)
    running = make_registry(monkeypatch, [faulty, other])
    asyncio.run(getattr(running, task)())
    assert getattr(other, method).called
    assert any("a task of a room failed" in str(line) for line in log_lines())


def test_board_that_cannot_be_maintained_does_not_keep_others_from_it(monkeypatch):
    rooms = [make_room("leave", None), make_room("leave", None)]
    running = make_registry(monkeypatch, rooms)
    running.board_storage.add_version.side_effect = [ValueError, None]
    asyncio.run(running._maintain_boards())
    assert running.board_storage.compact_if_due.await_count == 1


def test_unreachable_database_is_reported_after_all_rooms_had_their_turn(monkeypatch):
    failing = make_room("apply_board_rules", OperationalError())
    other = make_room("apply_board_rules", None)
    with pytest.raises(OperationalError):
        asyncio.run(make_registry(monkeypatch, [failing, other])._apply_board_rules())
    assert other.apply_board_rules.called
