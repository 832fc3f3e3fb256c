"""Hostile frames against what reads them: refused with a code, or harmless, never a crash."""

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map

from apps.classroom.policies import Person, Role
from apps.classroom.realtime import protocol, yproto
from apps.classroom.realtime.board import Board
from apps.classroom.realtime.document import Document
from apps.classroom.realtime.sockets import Refused


class Ear:
    person = Person("u1", "N", Role.STUDENT)

    def push(self, frame):
        pass

    def close(self, code):
        pass


def real_update(seed):
    doc = Doc(client_id=seed + 1)
    elements = doc.get("elements:1", type=Map)
    elements["a"] = {"n": seed, "list": [1, "u", None, {"v": True}]}
    elements["b"] = Map({"x": "y"})
    del elements["a"]
    return doc.get_update()


@st.composite
def frames(draw):
    """Random bytes, or a real frame with some of its bytes changed."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    step = draw(st.integers(0, 2))
    frame = bytearray(yproto.sync_frame(step, real_update(draw(st.integers(0, 5)))))
    for _ in range(draw(st.integers(0, 4))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    return bytes(frame)


async def receive(board, sent):
    """All in one turn of the loop."""
    for frame in sent:
        with contextlib.suppress(Refused):
            board.receive(Ear(), frame)
    await asyncio.sleep(0)


@settings(max_examples=300, deadline=None)
@given(st.lists(frames(), min_size=1, max_size=5))
def test_a_board_survives_any_frames(sent):
    stored = []
    board = Board(Document(yproto.EMPTY_UPDATE), store=stored.append, publish=lambda frame: None)
    asyncio.run(receive(board, sent))
    again = Doc()
    for update in stored:
        again.apply_update(update)
    missing = board.document.since(again.get_state())
    assert missing.startswith(b"\x00"), "the log lacks something that the board has"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.recursive(st.none() | st.text(), st.lists).map(repr)))
def test_an_events_frame_is_parsed_or_refused(frame):
    with contextlib.suppress(protocol.NotJson, protocol.BadMessage):
        protocol.parse(frame)
