"""The cost of a frame apart from its content: permission checks and retained memory."""

import asyncio
import dataclasses
import sys
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from apps.classroom import policies
from apps.classroom.lessons import LessonState, StudentState
from apps.classroom.policies import BoardRules, Person, Role, RoomAccess
from apps.classroom.realtime.board.limits import PeopleLimits, PersonLimits
from apps.classroom.realtime.board.yproto import EMPTY_UPDATE, STEP2, sync_frame
from apps.classroom.realtime.cluster.bus import NoBus
from apps.classroom.realtime.server import app
from apps.classroom.realtime.server import room as room_module
from apps.classroom.realtime.server.room import Room
from apps.classroom.realtime.server.sockets import Socket
from apps.classroom.tests.boards import open_board

LATER = datetime.now(UTC) + timedelta(days=1)
TUTOR = Person("u1", "T", Role.TUTOR)
GUEST = Person("g1", "G", Role.GUEST, generation=1, invite_exp=int(LATER.timestamp()))
LESSON = LessonState(
    id=1,
    is_cancelled=False,
    is_completed=False,
    ends_at=LATER,
    classroom_id=1,
    tutor_id=1,
    tutor_role_unchanged=True,
    students={2: StudentState(is_member=True)},
    invite_generation=1,
)
ACCESS = RoomAccess(1, LESSON, lobby_enabled=False, board=BoardRules(), timer_ends_at=None)


@pytest.fixture
def asked(monkeypatch):
    """The people whose right a room has asked for."""
    people = []

    def refusal(access, person, now):
        people.append(person)
        return policies.refusal(access, person, now)

    monkeypatch.setattr(room_module, "refusal", refusal)
    return people


def make_room():
    return Room(
        uuid.uuid4(),
        ACCESS,
        lessons=None,
        bus=NoBus(),
        board=open_board().board,
        limits=PeopleLimits(PersonLimits),
    )


def test_right_of_participant_is_asked_for_once_in_an_access_state(asked):
    room, socket = make_room(), Socket(None, TUTOR, uuid.uuid4())
    assert [room.may_act(socket) for _ in range(3)] == [True] * 3
    assert asked == [TUTOR]
    inactive = dataclasses.replace(ACCESS, inactive=frozenset({TUTOR.key}))
    asyncio.run(room.apply_access(inactive, room.begin_recheck()))
    assert [room.may_act(socket) for _ in range(3)] == [False] * 3
    assert asked == [TUTOR] * 4


def test_right_of_guest_is_asked_for_each_time_since_it_ends_with_time(asked):
    room, socket = make_room(), Socket(None, GUEST, uuid.uuid4())
    assert [room.may_act(socket) for _ in range(3)] == [True] * 3
    assert asked == [GUEST] * 3


def test_read_frame_is_not_kept_until_the_next_one():
    """It may be a whole board, and a person who only watches sends nothing else."""
    frame, references = sync_frame(STEP2, EMPTY_UPDATE), []
    messages = [{"type": "websocket.receive", "bytes": frame}]
    alone = sys.getrefcount(frame) - 1  # without the message

    async def receive():
        if messages:
            return messages.pop()
        references.append(sys.getrefcount(frame))
        return {"type": "websocket.disconnect"}

    asyncio.run(app._read_board(make_room(), Socket(None, TUTOR, uuid.uuid4()), receive))
    assert references == [alone]


def test_sent_frame_is_not_kept_until_the_next_one():
    frame = bytes(100)
    alone, references = sys.getrefcount(frame), []

    async def send(message):
        pass

    async def scenario():
        socket = Socket(send, TUTOR, uuid.uuid4())
        writer = asyncio.create_task(socket.run_writer())
        socket.push(frame)
        await asyncio.sleep(0)
        references.append(sys.getrefcount(frame))
        writer.cancel()

    asyncio.run(scenario())
    assert references == [alone]
