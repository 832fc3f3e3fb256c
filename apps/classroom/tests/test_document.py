"""A board's document: the same as bytes and as a document, and gone from memory when dropped."""

import asyncio
import gc
import weakref

import pytest
from pycrdt import Doc, Map, get_state, merge_updates

from apps.classroom.compaction import SMALL_BOARD
from apps.classroom.policies import Person, Role
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.batcher import MAX_PENDING_BYTES
from apps.classroom.realtime.board.board import Board, LoadedBoard
from apps.classroom.realtime.board.document import Document, PendingDependency
from apps.classroom.realtime.board.varints import Malformed, read_varint
from apps.classroom.realtime.events.protocol import Close


class Drawing:
    """A client that draws: its document, and its updates in order."""

    def __init__(self, client):
        self.doc = Doc(client_id=client)
        self.updates = []
        self.map = self.doc.get("elements:1", type=Map)
        self.doc.observe(lambda event: self.updates.append(event.update))


@pytest.fixture
def drawn():
    """Two who drew and rubbed out."""
    a, b = Drawing(1), Drawing(2)
    for number in range(20):
        a.map[f"a{number}"] = {"x": number, "points": [[1, 2], [3, 4]]}
        b.map[f"b{number}"] = number
    del a.map["a3"]
    b.doc.apply_update(a.doc.get_update())
    del b.map["a4"]
    return b.doc


def content(update):
    doc = Doc()
    doc.apply_update(update)
    return doc.get("elements:1", type=Map).to_py()


def is_awake(document):
    return document._doc is not None


def test_bytes_answer_as_a_document_does(drawn):
    resting, awake = Document([drawn.get_update()]), Document([drawn.get_update()])
    awake.ensure_loaded()
    assert not is_awake(resting)
    assert is_awake(awake)
    assert content(resting.encode()) == content(awake.encode()) == content(drawn.get_update())
    early = Doc(client_id=9)
    early.get("elements:1", type=Map)["own"] = 1
    for document in (resting, awake):
        assert clocks(document.state_vector()) == clocks(drawn.get_state())
        late = Doc()
        [[missing]] = document.diff(early.get_state())
        late.apply_update(missing)
        assert clocks(late.get_state()) == clocks(drawn.get_state())


def clocks(state_vector):
    """Without its order, which is any."""
    count, at = read_varint(state_vector, 0)
    found = {}
    for _ in range(count):
        client, at = read_varint(state_vector, at)
        found[client], at = read_varint(state_vector, at)
    return found


def test_a_client_that_has_it_all_wakes_nothing(drawn):
    document = Document([drawn.get_update()])
    everything = drawn.get_update()
    deletions = drawn.get_update(drawn.get_state())
    assert deletions != yproto.EMPTY_UPDATE
    assert document.apply_updates([everything]) is None
    assert document.apply_updates([deletions]) is None
    assert not is_awake(document)


def test_a_new_deletion_is_news(drawn):
    document = Document([drawn.get_update()])
    del drawn.get("elements:1", type=Map)["b7"]
    news = document.apply_updates([drawn.get_update(drawn.get_state())])
    assert "b7" not in content(document.encode())
    assert len(news) < 20


def test_deletions_of_old_are_no_news(drawn):
    document = Document([drawn.get_update()])
    del drawn.get("elements:1", type=Map)["b7"]
    some = drawn.get_update(drawn.get_state())
    del drawn.get("elements:1", type=Map)["b8"]
    document.apply_updates([drawn.get_update()])
    assert document.apply_updates([some]) is None
    assert {"b7", "b8"}.isdisjoint(content(document.encode()))


def test_it_rests_and_is_the_same(drawn):
    document = Document([drawn.get_update()])
    other = Drawing(3)
    other.map["late"] = 1
    document.apply_updates([other.doc.get_update()])
    before = content(document.encode())
    document.unload()
    assert not is_awake(document)
    assert content(document.encode()) == before
    assert "late" in before


def test_what_comes_before_its_past_is_not_taken_in():
    drawing = Drawing(1)
    for number in range(3):
        drawing.map[f"{number}"] = number
    first, second, third = drawing.updates
    document = Document([first])
    with pytest.raises(PendingDependency):
        document.apply_updates([third])
    assert document.state_vector() == get_state(first)
    assert document.apply_updates([third, second]) is not None
    assert document.state_vector() == drawing.doc.get_state()
    assert set(content(document.encode())) == {"0", "1", "2"}


# An element, and after a gap two deleted structs; then a text that overlaps the latter.
GAP = b"\x01\x07\x09\x00\x04\x01\x01t\x01x\x0a\x02\x00\x02\x0a\x01\x00\x02\x0a\x01\x00\x01\x00"
OVERLAP = b"\x01\x01\x09\x07\x84\x09\x00\x05hello\x00"
# A value put into a number, which has no inside.
NUMBER = b"\x01\x01\x0b\x00\x08\x01\x01a\x01\x7d\x01\x00"
INSIDE = b"\x01\x01\x0c\x00\x28\x00\x0b\x00\x01q\x01\x7d\x01\x00"


def test_what_ends_yrs_does_not_reach_it(drawn):
    """Applied one after another they are a segmentation fault."""
    document = Document([drawn.get_update()])
    for forged in (GAP, OVERLAP):
        with pytest.raises(PendingDependency):
            document.apply_updates([forged])
    assert content(document.encode()) == content(drawn.get_update())


def test_what_yrs_refuses_half_way_changes_nothing(drawn):
    document = Document([drawn.get_update(), NUMBER])
    before = document.state_vector()
    drawn.get("elements:1", type=Map)["late"] = 1
    with pytest.raises(Malformed):
        document.apply_updates([drawn.get_update(), INSIDE])
    assert document.state_vector() == before
    assert "late" not in content(document.encode())
    document.apply_updates([drawn.get_update()])
    assert "late" in content(document.encode())


def test_a_part_that_cannot_be_read_does_not_cost_the_rest(drawn, caplog):
    document = Document([NUMBER, INSIDE, drawn.get_update()])
    assert document.ensure_loaded().get("elements:1", type=Map).to_py() == content(
        drawn.get_update()
    )
    assert "cannot be read" in caplog.text


def test_a_large_one_does_not_rest():
    drawing = Drawing(1)
    drawing.map["big"] = "x" * SMALL_BOARD
    document = Document([yproto.EMPTY_UPDATE])
    document.apply_updates([drawing.doc.get_update()])
    document.unload()
    assert is_awake(document)


def test_it_leaves_memory(drawn):
    document = Document([yproto.EMPTY_UPDATE])
    document.apply_updates([drawn.get_update()])
    inside = weakref.ref(document.ensure_loaded())
    assert inside() is not None
    del document
    gc.collect()
    assert inside() is None


def test_what_is_no_update_changes_nothing(drawn):
    document = Document([drawn.get_update()])
    with pytest.raises(Malformed):
        document.apply_updates([b"\x01\x01\x05"])
    assert content(document.encode()) == content(drawn.get_update())


# -- the updates of one turn of the event loop ----------------------------------------------


class Ear:
    def __init__(self, number):
        self.person = Person(f"u{number}", "N", Role.STUDENT)
        self.heard, self.closed = [], None

    def push(self, frame):
        step, payload = yproto.read_sync(frame)
        if step == yproto.UPDATE:
            self.heard.append(payload)

    def close(self, code):
        self.closed = code


class Crowd:
    def __init__(self, people):
        self.stored, self.published = [], []
        self.board = Board(store=self.stored.append, publish=self.published.append)
        self.board.open(LoadedBoard(Document([]), 0))
        self.ears = [Ear(number) for number in range(people)]
        for ear in self.ears:
            self.board.join(ear)

    def turn(self, *sent):
        """Pairs of who sends and what, all in one turn."""

        async def play():
            for who, update in sent:
                frame = yproto.sync_frame(yproto.UPDATE, update)
                self.board.receive(self.ears[who], frame)
            await asyncio.sleep(0)

        asyncio.run(play())

    def content(self):
        return content(self.board.document.encode())


def drawn_by(client, *names):
    drawing = Drawing(client)
    for name in names:
        drawing.map[name] = client
    return drawing.updates


def test_one_turn_is_one_update_to_the_others():
    crowd = Crowd(3)
    mine, theirs = drawn_by(1, "a", "b"), drawn_by(2, "c")
    crowd.turn((0, mine[0]), (1, theirs[0]), (0, mine[1]))
    [heard] = crowd.ears[2].heard
    assert content(heard) == crowd.content() == {"a": 1, "b": 1, "c": 2}
    assert content(crowd.stored[0]) == crowd.content()
    assert len(crowd.stored) == len(crowd.published) == 1


def test_what_is_early_waits_for_its_past_and_holds_nobody_up():
    crowd = Crowd(3)
    first, second = drawn_by(1, "a", "b")
    [other] = drawn_by(2, "c")
    crowd.turn((0, second), (1, other))
    assert crowd.content() == {"c": 2}
    assert [content(update) for update in crowd.stored] == [{"c": 2}]
    crowd.turn((2, first))
    assert crowd.content() == {"a": 1, "b": 1, "c": 2}
    assert content(merge_updates(*crowd.stored)) == crowd.content()
    assert [ear.closed for ear in crowd.ears] == [None] * 3


def test_too_much_that_is_early_closes_who_sent_it():
    crowd = Crowd(2)
    _first, *others = drawn_by(1, "a", "b", "x" * MAX_PENDING_BYTES)
    crowd.turn((0, others[0]))
    assert crowd.ears[0].closed is None
    crowd.turn((0, others[1]))
    assert crowd.ears[0].closed == Close.MALFORMED


def test_what_was_early_goes_with_who_sent_it():
    crowd = Crowd(2)
    first, second = drawn_by(1, "a", "b")
    crowd.turn((0, second))
    crowd.board.leave(crowd.ears[0])
    crowd.turn((1, first))
    assert crowd.content() == {"a": 1}


def test_who_drew_alone_does_not_hear_it_again():
    crowd = Crowd(2)
    crowd.turn(*((0, update) for update in drawn_by(1, "a", "b")))
    assert crowd.ears[0].heard == []
    assert len(crowd.ears[1].heard) == 1


def test_one_bad_update_of_many_closes_its_sender_alone():
    crowd = Crowd(3)
    crowd.turn((0, NUMBER))
    good = [*drawn_by(1, "a"), *drawn_by(2, "b")]
    crowd.turn((0, good[0]), (1, INSIDE), (2, good[1]))
    assert [ear.closed for ear in crowd.ears] == [None, Close.MALFORMED, None]
    assert crowd.content() == {"a": 1, "b": 2}


def test_an_answer_to_step_1_covers_what_was_sent_before():
    crowd = Crowd(1)
    [update] = drawn_by(1, "a")

    async def play():
        crowd.board.receive(crowd.ears[0], yproto.sync_frame(yproto.UPDATE, update))
        crowd.board.receive(crowd.ears[0], yproto.sync_frame(yproto.STEP1, b"\x00"))
        assert content(crowd.stored[0]) == {"a": 1}

    asyncio.run(play())
