"""Crafted updates on a board of which something is locked: nothing locked changes."""

import asyncio
import random

import pytest
from pycrdt import Array, Doc, Map, merge_updates
from pycrdt import write_var_uint as varint

from apps.classroom.policies import BoardRules, Drawing, Person, Role
from apps.classroom.realtime.board import guard as guards
from apps.classroom.realtime.board import slots, yproto
from apps.classroom.realtime.board.chunks import LARGE, index_slots
from apps.classroom.realtime.board.guard import BoardGuard
from apps.classroom.realtime.board.slots import SlotIndex, read_items
from apps.classroom.realtime.board.update_scan import encode_deletions, scan
from apps.classroom.realtime.board.yproto import state_vector_of
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server import board_locks
from apps.classroom.realtime.server.sockets import Refused
from apps.classroom.tests.boards import open_board

TUTOR, STUDENT, OTHER = 1, 2, 3  # persons u1 to u3, and the client ids they draw under
OWN = BoardRules(Drawing.OWN)
PAGE = BoardRules(locked_pages=frozenset({"1"}))
NONE = BoardRules(Drawing.NONE)


class FakeSocket:
    def __init__(self, number):
        role = Role.TUTOR if number == TUTOR else Role.STUDENT
        self.person = Person(f"u{number}", "N", role)
        self.closed = self.closing = None

    def push(self, frame):
        pass

    def close(self, code):
        self.closed = self.closing = code


class GuardedBoard:
    """A board on which the tutor drew `theirs` and the student `mine`, both in page 1."""

    def __init__(self, rules=None, *extra):
        self.receiver = open_board()
        self.board = self.receiver.board
        self.sockets = {number: FakeSocket(number) for number in (TUTOR, STUDENT, OTHER)}
        for socket in self.sockets.values():
            self.board.join(socket)
        self.send(TUTOR, struct(TUTOR, 0, parent="elements:1", key="theirs"))
        self.send(STUDENT, struct(STUDENT, 0, parent="elements:1", key="mine"))
        for who, update in extra:
            self.send(who, update)
        if rules is not None:
            self.lock(rules)

    def lock(self, rules):
        if rules.drawing is Drawing.NEW:
            rules = BoardRules(Drawing.NEW, frozenset(), self.board.document.state_vector())
        self.board.rules = rules
        index = asyncio.run(index_slots(self.board.document.updates))
        self.board.guard = BoardGuard(self.board.document, rules, index, self.board.authors)

    def send(self, who, *updates):
        """Send updates in one turn of the event loop; return the code the socket closed with."""
        return self.send_mixed(*[(who, update) for update in updates])[who]

    def send_mixed(self, *sent):
        async def play():
            for who, update in sent:
                frame = yproto.sync_frame(yproto.UPDATE, update)
                try:
                    await self.receiver.receive_chunked(self.sockets[who], frame)
                except Refused as exc:
                    self.sockets[who].close(exc.code)
            await asyncio.sleep(0)

        asyncio.run(play())
        return {number: socket.closed for number, socket in self.sockets.items()}

    def content(self, name="elements:1"):
        doc = Doc()
        doc.apply_update(self.board.document.encode())
        return doc.get(name, type=Map).to_py()


def string(text):
    return varint(len(text.encode())) + text.encode()


def struct(
    client, clock, *, origin=None, right=None, parent=None, key=None, deletes=(), value=7, length=1
):
    """Encode an update with one item that holds a number, or the same one several times."""
    info = 8 | bool(origin) * 0x80 | bool(right) * 0x40
    place = b"".join(varint(part) for item in (origin, right) if item for part in item)
    if not place:
        info |= bool(key) * 0x20
        place = (
            b"\x01" + string(parent)
            if isinstance(parent, str)
            else b"\x00" + varint(parent[0]) + varint(parent[1])
        )
        place += string(key) if key else b""
    content = bytes([length]) + bytes([0x7D, value]) * length
    head = b"\x01\x01" + varint(client) + varint(clock)
    return head + bytes([info]) + place + content + encode_deletions(deletes)


def deletion(*runs):
    return b"\x00" + encode_deletions(runs)


THEIRS, MINE = (TUTOR, 0), (STUDENT, 0)
HOSTILE = {
    "delete": deletion((TUTOR, 0, 1)),
    "overwrite": struct(STUDENT, 1, origin=THEIRS, deletes=[(TUTOR, 0, 1)]),
    "overwrite without deleting": struct(STUDENT, 1, origin=THEIRS),
    "a new item over an old key": struct(STUDENT, 1, parent="elements:1", key="theirs"),
    "before the old item": struct(STUDENT, 1, right=THEIRS),
    "between own and old": struct(STUDENT, 1, origin=MINE, right=THEIRS),
    "between old and own": struct(STUDENT, 1, origin=THEIRS, right=MINE),
    "delete along with own": deletion((TUTOR, 0, 1), (STUDENT, 0, 1)),
    "a child of the old item": struct(STUDENT, 1, parent=THEIRS, key="x"),
    "the old item continued as another": struct(
        TUTOR, 0, parent="elements:2", key="x", value=9, length=2
    ),
}


@pytest.mark.parametrize("rules", [OWN, BoardRules(Drawing.NEW), PAGE, NONE])
@pytest.mark.parametrize("update", HOSTILE.values(), ids=HOSTILE)
def test_hostile_update_changes_nothing_and_closes_its_sender(rules, update):
    shared = GuardedBoard(rules)
    assert shared.send(STUDENT, update) == Close.LOCKED
    assert shared.content() == {"theirs": 7, "mine": 7}


@pytest.mark.parametrize("update", list(HOSTILE.values())[:3], ids=list(HOSTILE)[:3])
def test_same_update_is_applied_to_a_free_board(update):
    shared = GuardedBoard()
    before = shared.board.document.encode()
    assert shared.send(STUDENT, update) is None
    assert shared.board.document.encode() != before


def test_tutor_changes_what_is_locked():
    shared = GuardedBoard(NONE)
    assert shared.send(TUTOR, struct(TUTOR, 1, origin=MINE, deletes=[(STUDENT, 0, 1)])) is None
    assert shared.content()["mine"] == 7
    assert shared.board.document.deletions.contains((STUDENT, 0, 1))


def test_only_the_offender_of_a_turn_is_closed():
    shared = GuardedBoard(OWN)
    closed = shared.send_mixed(
        (TUTOR, struct(TUTOR, 1, parent="elements:1", key="a")),
        (STUDENT, deletion((TUTOR, 0, 1))),
        (OTHER, struct(OTHER, 0, parent="elements:1", key="b")),
    )
    assert closed == {TUTOR: None, STUDENT: Close.LOCKED, OTHER: None}
    assert shared.content().keys() == {"theirs", "mine", "a", "b"}


def test_update_that_waits_is_checked_when_it_is_applied():
    """It deletes what the tutor has yet to draw."""
    shared = GuardedBoard(None)
    assert shared.send(STUDENT, struct(STUDENT, 1, origin=(TUTOR, 1))) is None  # waits
    shared.lock(OWN)
    shared.send(TUTOR, struct(TUTOR, 1, parent="elements:1", key="later", value=9))
    assert shared.sockets[STUDENT].closed == Close.LOCKED
    assert shared.content()["later"] == 9


def test_update_that_waits_is_refused_once_the_board_is_locked():
    shared = GuardedBoard(None)
    shared.send(STUDENT, struct(STUDENT, 1, origin=(TUTOR, 1)))
    shared.lock(NONE)
    shared.send(TUTOR, struct(TUTOR, 1, parent="elements:1", key="later", value=9))
    assert shared.sockets[STUDENT].closed == Close.LOCKED


def test_student_cannot_draw_under_the_client_id_of_somebody_else():
    """Else the element would be theirs."""
    shared = GuardedBoard(OWN)
    update = struct(TUTOR, 1, parent="elements:1", key="forged")
    assert shared.send(STUDENT, update) == Close.LOCKED
    assert "forged" not in shared.content()


def test_client_id_of_somebody_who_has_not_drawn_cannot_be_taken():
    shared = GuardedBoard(None)
    entry = yproto.Entry(OTHER, 1, b"{}")
    shared.board.apply_awareness(shared.sockets[OTHER], [entry])
    shared.send(STUDENT, struct(OTHER, 0, parent="elements:1", key="forged"))
    assert shared.board.authors[OTHER] == f"u{OTHER}"


def test_own_item_in_an_element_of_another_cannot_be_continued_as_another():
    """yrs puts the rest of an item that is known in part behind that part."""
    shared = GuardedBoard(None, (STUDENT, struct(STUDENT, 1, origin=THEIRS)))
    shared.lock(OWN)
    update = struct(STUDENT, 1, parent="elements:1", key="new", value=9, length=2)
    assert shared.send(STUDENT, update) == Close.LOCKED
    assert shared.content() == {"theirs": 7, "mine": 7}


@pytest.mark.parametrize(
    "trick",
    [
        [  # the later item first
            struct(STUDENT, 3, parent="elements:2", key="b"),
            struct(STUDENT, 2, origin=THEIRS),
        ],
        [  # a known item in another place
            merge_updates(
                struct(STUDENT, 2, origin=THEIRS), struct(TUTOR, 0, parent="elements:2", key="c")
            ),
        ],
    ],
)
def test_item_is_in_the_index_where_yrs_placed_it(trick):
    """A page that is locked later stays locked for who changed an element on it before."""
    shared = GuardedBoard(BoardRules(locked_pages=frozenset({"3"})))
    shared.send(STUDENT, struct(STUDENT, 1, parent="elements:2", key="a"))
    assert shared.send(STUDENT, *trick) is None
    shared.board.guard.set_rules(PAGE)
    clock = shared.board.document.clocks[STUDENT]
    update = struct(STUDENT, clock, origin=(STUDENT, 2), value=9)
    assert shared.send(STUDENT, update) == Close.LOCKED
    assert shared.content()["theirs"] == 7


def test_element_with_a_second_creator_belongs_to_nobody():
    shared = GuardedBoard(None, (OTHER, struct(OTHER, 0, parent="elements:1", key="mine")))
    shared.lock(OWN)
    assert shared.send(OTHER, deletion((STUDENT, 0, 1), (OTHER, 0, 1))) == Close.LOCKED


def test_unknown_map_of_the_document_is_checked_too():
    shared = GuardedBoard(None, (TUTOR, struct(TUTOR, 1, parent="other", key="k")))
    shared.lock(OWN)
    assert shared.send(STUDENT, deletion((TUTOR, 1, 2))) == Close.LOCKED


def test_large_hostile_update_is_refused():
    doc = Doc(client_id=STUDENT + 10)
    shared = GuardedBoard(OWN)
    doc.apply_update(shared.board.document.encode())
    before = doc.get_state()
    with doc.transaction():
        doc.get("elements:1", type=Map)["big"] = "x" * LARGE
        del doc.get("elements:1", type=Map)["theirs"]
    assert shared.send(STUDENT, doc.get_update(before)) == Close.LOCKED
    assert "theirs" in shared.content()


def test_conflicting_updates_are_checked_one_by_one():
    """Several items behind one origin are applied apart from the rest of their batch."""
    shared = GuardedBoard(OWN)
    own = [struct(STUDENT, clock, origin=MINE) for clock in (1, 2, 3)]
    update = merge_updates(*own, struct(STUDENT, 4, origin=THEIRS))
    assert shared.send(STUDENT, update) == Close.LOCKED
    assert shared.content()["theirs"] == 7


def test_items_in_a_circle_are_refused():
    shared = GuardedBoard(OWN)
    update = merge_updates(
        struct(STUDENT, 1, origin=(STUDENT + 10, 0)), struct(STUDENT + 10, 0, origin=(STUDENT, 1))
    )
    assert shared.send(STUDENT, update) in (Close.LOCKED, Close.MALFORMED)


def test_index_without_room_lets_nobody_but_the_tutor_change_anything(monkeypatch):
    monkeypatch.setattr(slots, "MAX_RUNS", 1)
    shared = GuardedBoard(OWN)
    assert shared.send(STUDENT, struct(STUDENT, 1, parent="elements:1", key="a")) == Close.LOCKED
    shared = GuardedBoard(OWN)
    assert shared.send(TUTOR, struct(TUTOR, 1, parent="elements:1", key="a")) is None


def test_deletion_over_too_many_items_is_refused(monkeypatch):
    monkeypatch.setattr(guards, "MAX_TOUCHED", 2)
    extra = [
        (STUDENT, struct(STUDENT, clock, parent="elements:1", key=f"e{clock}"))
        for clock in range(1, 4)
    ]
    shared = GuardedBoard(None, *extra)
    shared.lock(OWN)
    assert shared.send(STUDENT, deletion((STUDENT, 0, 2))) is None
    shared = GuardedBoard(None, *extra)
    shared.lock(OWN)
    assert shared.send(STUDENT, deletion((STUDENT, 0, 4))) == Close.LOCKED


def test_free_board_has_no_guard_and_reads_no_items(monkeypatch):
    read = []
    monkeypatch.setattr(guards, "read_items", read.append)
    shared = GuardedBoard(None)
    shared.send(STUDENT, struct(STUDENT, 1, parent="elements:1", key="a"))
    assert shared.board.guard is None
    assert not read


def test_all_of_a_board_that_was_rewritten_since_the_choice_is_locked():
    """Its items have other client ids than the state vector."""
    shared = GuardedBoard(None)
    shared.lock(BoardRules(Drawing.NEW))
    shared.board.guard.set_rules(BoardRules(Drawing.NEW, frozenset(), state_vector_of({99: 5})))
    assert shared.send(STUDENT, deletion((STUDENT, 0, 1))) == Close.LOCKED
    shared = GuardedBoard(None)
    shared.lock(BoardRules(Drawing.NEW))
    shared.board.guard.set_rules(BoardRules(Drawing.NEW, frozenset(), state_vector_of({})))
    assert shared.send(STUDENT, deletion((STUDENT, 0, 1))) is None


@pytest.mark.parametrize("is_compacted", [False, True])
def test_index_has_what_came_while_it_was_made(monkeypatch, is_compacted):
    shared = GuardedBoard(None)
    board = shared.board
    board.rules = BoardRules(Drawing.NEW, frozenset(), board.document.state_vector())
    made = []

    async def make_slowly(updates):
        index = await index_slots(updates)
        if not made:
            late = struct(TUTOR, 1, parent="elements:1", key="late")
            board.apply_updates([scan(late)], shared.sockets[TUTOR])
            if is_compacted:
                board.document.replace(board.document.snapshot(), board.document.encode())
        made.append(index)
        return index

    monkeypatch.setattr(board_locks, "index_slots", make_slowly)
    asyncio.run(board_locks.BoardLocks(board, 1, BoardRules()).apply())
    assert len(made) == 1 + is_compacted
    assert board.is_index_complete
    assert shared.send(STUDENT, deletion((TUTOR, 1, 2))) is None
    assert shared.content().keys() == {"theirs", "mine"}
    assert shared.send(STUDENT, deletion((TUTOR, 0, 1))) == Close.LOCKED


@pytest.mark.parametrize("is_stored", [False, True])
def test_items_drawn_on_a_locked_board_are_indexed(is_stored):
    shared = GuardedBoard(OWN)
    added = struct(STUDENT, 1, parent="elements:1", key="added")
    if is_stored:  # by another process
        shared.board.apply_stored_scan(scan(added))
    else:
        shared.send(STUDENT, added)
    change = struct(STUDENT, 2, origin=(STUDENT, 1), deletes=[(STUDENT, 1, 2)], value=8)
    assert shared.send(STUDENT, change) is None
    assert shared.content()["added"] == 8


@pytest.mark.parametrize("is_followed", [False, True])
def test_items_that_are_not_in_the_index_are_locked(is_followed):
    """Compaction may find updates that another process stored."""
    shared = GuardedBoard(OWN)
    late = struct(STUDENT, 1, parent="elements:1", key="late")
    shared.board.document.apply_updates([late])
    if is_followed:
        shared.send(STUDENT, struct(STUDENT, 2, parent="elements:1", key="later"))
    assert shared.send(STUDENT, deletion((STUDENT, 1, 2))) == Close.LOCKED


def test_stored_update_with_invalid_text_is_left_out_of_the_index():
    """Only an early release can have stored one; what builds on it is locked."""
    unreadable = b"\x01\x01\x09\x00\x28\x01\x01a\x01\xff\x01\x7d\x01\x00"
    index = asyncio.run(
        index_slots([unreadable, struct(STUDENT, 0, parent="elements:1", key="mine")])
    )
    assert index.find((9, 0)) is slots.UNKNOWN
    assert index.find(MINE).key == "mine"


# -- the index against yrs ------------------------------------------------------------------


def random_changes(doc, choose):
    """Change some entries of some maps, nested ones and lists too."""
    with doc.transaction():
        for _ in range(choose.randint(1, 4)):
            entries = doc.get(choose.choice(["elements:1", "elements:2", "pages"]), type=Map)
            key = choose.choice("abcde")
            what = choose.random()
            if what < 0.25 and key in entries:
                del entries[key]
            elif what < 0.4:
                entries[key] = Map({"x": choose.randint(0, 9)})
            elif what < 0.5:
                entries[key] = Array([1, 2])
            elif what < 0.7 and isinstance(entries.get(key), Map):
                entries[key][choose.choice("xy")] = choose.randint(0, 9)
            else:
                entries[key] = choose.randint(0, 99)


def changed_entries(before, after):
    def entries(doc):
        return {
            (name, key): value
            for name in ("elements:1", "elements:2", "pages")
            for key, value in (doc.get(name, type=Map).to_py() or {}).items()
        }

    old, new = entries(before), entries(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def copy(doc):
    new = Doc()
    new.apply_update(doc.get_update())
    return new


@pytest.mark.parametrize("seed", range(40))
def test_index_finds_every_entry_that_an_update_changes(seed):
    """Several clients that see each other's changes late, and a server with an index; at times the
    index is made anew of the compacted board."""
    choose = random.Random(seed)
    clients = [Doc(client_id=number) for number in (5, 6, 7)]
    receiver = open_board()
    document, server, index = receiver.board.document, Doc(), SlotIndex()
    for _ in range(30):
        client = choose.choice(clients)
        if choose.random() < 0.3:
            client.apply_update(server.get_update(client.get_state()))
        before = client.get_state()
        random_changes(client, choose)
        update = client.get_update(server.get_state() if choose.random() < 0.3 else before)
        scanned = scan(update)
        guard = BoardGuard(document, BoardRules(Drawing.NEW), index, {})
        person = Person("u2", "N", Role.STUDENT)
        try:
            document.check_dependencies([scanned])
        except ValueError:
            update = client.get_update(server.get_state())
            scanned = scan(update)
        touched = {(slot.map, slot.key) for slot in guard._touched([scanned], person)}
        old = copy(server)
        document.apply_scans([scanned])
        server.apply_update(update)
        assert changed_entries(old, server) <= touched
        assert ("", None) not in touched
        index.add(read_items(scanned.update))
        if choose.random() < 0.2:
            index = SlotIndex()
            index.add(read_items(server.get_update()))
