"""Hostile frames are refused or harmless and never cause a crash."""

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from apps.classroom.merging import build_document
from apps.classroom.policies import Person, Role
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.events import protocol
from apps.classroom.realtime.server.sockets import Refused
from apps.classroom.tests.boards import FakeLog, open_board


class FakeSocket:
    person = Person("u1", "N", Role.STUDENT)
    closing = None

    def push(self, frame):
        pass

    def close(self, code):
        self.closing = code


def real_updates(client):
    doc, updates = Doc(client_id=client), []
    doc.observe(lambda event: updates.append(event.update))
    elements = doc.get("elements:1", type=Map)
    elements["a"] = {"n": client, "list": [1, "u", None, {"v": True}]}
    elements["b"] = Map({"x": "y"})
    doc.get("text", type=Text).insert(0, "héllo")
    del elements["a"]
    doc.get("text", type=Text).insert(2, "там")
    doc.get("list", type=Array).extend([1, "z", None])
    return [*updates, doc.get_update()]


UPDATES = [update for client in (1, 2, 2**40) for update in real_updates(client)]


@st.composite
def frames(draw):
    """Generate random bytes, or a valid frame with some bytes of its update changed."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    update = bytearray(draw(st.sampled_from(UPDATES)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(update) - 1))
        update[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
        if not update:
            break
    return yproto.sync_frame(draw(st.sampled_from((1, 2, 2, 2))), bytes(update))


async def receive(receiver, turns):
    """Receive a list of frames in each turn of the event loop."""
    for sent in turns:
        for frame in sent:
            with contextlib.suppress(Refused):
                receiver.receive(FakeSocket(), frame)
        await asyncio.sleep(0)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(frames(), min_size=1, max_size=3), min_size=1, max_size=12))
def test_board_handles_arbitrary_frames(turns):
    log = FakeLog()
    receiver = open_board(log=log)
    asyncio.run(receive(receiver, turns))
    again, _unreadable = build_document(log.stored)
    document = receiver.board.document
    [[missing]] = document.diff(again.get_state())
    assert missing.startswith(b"\x00"), "the log lacks something that the board has"
    clocks = yproto.read_state_vector(document.ensure_loaded().get_state())
    assert dict(clocks) == document.clocks, "the scan and yrs read an update differently"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.recursive(st.none() | st.text(), st.lists).map(repr)))
def test_arbitrary_events_frame_is_parsed_or_refused(frame):
    with contextlib.suppress(protocol.NotJson, protocol.BadMessage):
        protocol.parse(frame)
