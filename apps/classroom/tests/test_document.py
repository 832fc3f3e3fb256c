"""A board's document: equal whether loaded or not, and freed when dropped."""

import gc
import weakref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, get_state, merge_updates
from pycrdt import write_var_uint as varint

from apps.classroom.compaction import SMALL_BOARD
from apps.classroom.realtime.board import document as document_module
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.update_scan import PendingDependency, scan
from apps.classroom.realtime.board.varints import Malformed, read_varint
from apps.classroom.tests.boards import (
    CHILD_OF_NUMBER_UPDATE,
    NUMBER_UPDATE,
    DrawingClient,
    content,
)


@pytest.fixture
def drawn():
    """A document in which two clients drew and deleted."""
    a, b = DrawingClient(1), DrawingClient(2)
    for number in range(20):
        a.map[f"a{number}"] = {"x": number, "points": [[1, 2], [3, 4]]}
        b.map[f"b{number}"] = number
    del a.map["a3"]
    b.doc.apply_update(a.doc.get_update())
    del b.map["a4"]
    return b.doc


def is_loaded(document):
    return document._doc is not None


def test_unloaded_document_encodes_as_a_loaded_one(drawn):
    unloaded, loaded = Document([drawn.get_update()]), Document([drawn.get_update()])
    loaded.ensure_loaded()
    assert not is_loaded(unloaded)
    assert is_loaded(loaded)
    assert content(unloaded.encode()) == content(loaded.encode()) == content(drawn.get_update())
    early = Doc(client_id=9)
    early.get("elements:1", type=Map)["own"] = 1
    for document in (unloaded, loaded):
        assert clocks(document.state_vector()) == clocks(drawn.get_state())
        late = Doc()
        [[missing]] = document.diff(early.get_state())
        late.apply_update(missing)
        assert clocks(late.get_state()) == clocks(drawn.get_state())


def clocks(state_vector):
    """Return the clocks by client; their order in a state vector is arbitrary."""
    count, at = read_varint(state_vector, 0)
    found = {}
    for _ in range(count):
        client, at = read_varint(state_vector, at)
        found[client], at = read_varint(state_vector, at)
    return found


def test_known_update_does_not_load_document(drawn):
    document = Document([drawn.get_update()])
    everything = drawn.get_update()
    deletions = drawn.get_update(drawn.get_state())
    assert deletions != yproto.EMPTY_UPDATE
    assert document.apply_updates([everything]) is None
    assert document.apply_updates([deletions]) is None
    assert not is_loaded(document)


def test_new_deletion_is_returned_as_news(drawn):
    document = Document([drawn.get_update()])
    del drawn.get("elements:1", type=Map)["b7"]
    news = document.apply_updates([drawn.get_update(drawn.get_state())])
    assert "b7" not in content(document.encode())
    assert len(news) < 20


def test_known_deletions_are_not_news(drawn):
    document = Document([drawn.get_update()])
    del drawn.get("elements:1", type=Map)["b7"]
    some = drawn.get_update(drawn.get_state())
    del drawn.get("elements:1", type=Map)["b8"]
    document.apply_updates([drawn.get_update()])
    assert document.apply_updates([some]) is None
    assert {"b7", "b8"}.isdisjoint(content(document.encode()))


def test_unloading_keeps_content(drawn):
    document = Document([drawn.get_update()])
    other = DrawingClient(3)
    other.map["late"] = 1
    document.apply_updates([other.doc.get_update()])
    before = content(document.encode())
    document.unload()
    assert not is_loaded(document)
    assert content(document.encode()) == before
    assert "late" in before


def test_update_with_missing_dependency_is_not_applied():
    drawing = DrawingClient(1)
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


# An element and, after a gap, two deleted structs; then a text that overlaps those.
GAP = b"\x01\x07\x09\x00\x04\x01\x01t\x01x\x0a\x02\x00\x02\x0a\x01\x00\x02\x0a\x01\x00\x01\x00"
OVERLAP = b"\x01\x01\x09\x07\x84\x09\x00\x05hello\x00"


def test_updates_that_crash_yrs_are_not_applied(drawn):
    """Applied one after another, the two updates crash yrs with a segmentation fault."""
    document = Document([drawn.get_update()])
    for forged in (GAP, OVERLAP):
        with pytest.raises(PendingDependency):
            document.apply_updates([forged])
    assert content(document.encode()) == content(drawn.get_update())


def test_partly_applied_update_is_rolled_back(drawn):
    document = Document([drawn.get_update(), NUMBER_UPDATE])
    before = document.state_vector()
    drawn.get("elements:1", type=Map)["late"] = 1
    with pytest.raises(Malformed):
        document.apply_updates([drawn.get_update(), CHILD_OF_NUMBER_UPDATE])
    assert document.state_vector() == before
    assert "late" not in content(document.encode())
    document.apply_updates([drawn.get_update()])
    assert "late" in content(document.encode())


def test_unreadable_update_is_skipped_when_loading(drawn, caplog):
    document = Document([NUMBER_UPDATE, CHILD_OF_NUMBER_UPDATE, drawn.get_update()])
    assert document.ensure_loaded().get("elements:1", type=Map).to_py() == content(
        drawn.get_update()
    )
    assert "cannot be read" in caplog.text


def test_large_document_is_not_unloaded():
    drawing = DrawingClient(1)
    drawing.map["big"] = "x" * SMALL_BOARD
    document = Document([yproto.EMPTY_UPDATE])
    document.apply_updates([drawing.doc.get_update()])
    document.unload()
    assert is_loaded(document)


def test_dropped_document_is_freed(drawn):
    document = Document([yproto.EMPTY_UPDATE])
    document.apply_updates([drawn.get_update()])
    inside = weakref.ref(document.ensure_loaded())
    assert inside() is not None
    del document
    gc.collect()
    assert inside() is None


def test_malformed_update_changes_nothing(drawn):
    document = Document([drawn.get_update()])
    with pytest.raises(Malformed):
        document.apply_updates([b"\x01\x01\x05"])
    assert content(document.encode()) == content(drawn.get_update())


# A format whose value is the word "undefined", which Yjs would write for a missing value.
UNDEFINED_FORMAT = b"\x01\x01\x0b\x00\x06\x01\x01t\x04bold\x09undefined\x00"


def test_undecodable_format_keeps_the_loaded_document(drawn):
    """Applying it would leave a document half changed, to be built anew."""
    document = Document([drawn.get_update()])
    loaded = document.ensure_loaded()
    with pytest.raises(Malformed):
        document.apply_updates([UNDEFINED_FORMAT])
    assert document.ensure_loaded() is loaded
    assert content(document.encode()) == content(drawn.get_update())


def text_item(text, origin, right_origin=None):
    """Encode an item of one letter after, and maybe before, the items with these ids."""
    info = 0x84 | (0x40 if right_origin else 0)
    ids = b"".join(varint(number) for id_ in (origin, right_origin or ()) for number in id_)
    return bytes((info,)) + ids + varint(len(text)) + text


def update_of(*clients):
    """Encode an update of one struct for each `(client, clock, struct)`."""
    blocks = [varint(1) + varint(client) + varint(clock) + item for client, clock, item in clients]
    return varint(len(blocks)) + b"".join(blocks) + b"\x00"


@pytest.mark.parametrize(
    "update",
    [
        update_of((2, 0, text_item(b"a", (2, 0)))),
        update_of((2, 0, text_item(b"a", (1, 0), (2, 0)))),
        update_of((2, 0, text_item(b"a", (2, 1)))),
    ],
)
def test_item_that_depends_on_itself_is_refused(update):
    with pytest.raises(Malformed):
        scan(update)


def test_items_of_two_clients_that_depend_on_each_other_are_refused(drawn):
    document = Document([drawn.get_update()])
    before = document.encode()
    update = update_of((9, 0, text_item(b"a", (8, 0))), (8, 0, text_item(b"b", (9, 0))))
    with pytest.raises(Malformed):
        document.apply_scans([scan(update)])
    assert 9 not in document.clocks
    assert content(document.encode()) == content(before)


def test_update_that_depends_on_another_one_of_the_same_batch_is_applied():
    a, b = DrawingClient(1), DrawingClient(2)
    a.map["list"] = Array([1])
    b.doc.apply_update(a.doc.get_update())
    b.updates.clear()
    b.map["list"].append(2)
    document = Document([])
    assert document.apply_scans([scan(update) for update in (*a.updates, *b.updates)])
    assert content(document.encode()) == {"list": [1.0, 2.0]}
    assert document.clocks == {1: 2, 2: 1}


def test_new_updates_of_a_batch_are_not_cut(monkeypatch):
    """Each would be decoded and encoded once more."""
    updates = make_updates(1)
    cut, real = [], document_module.update_without

    def record(update, state_vector):
        cut.append(update)
        return real(update, state_vector)

    monkeypatch.setattr(document_module, "update_without", record)
    document = Document([])
    document.apply_scans([scan(update) for update in updates])
    assert content(document.encode()) == {f"{number}": 1 for number in range(COUNT)}
    assert cut == []
    document.apply_scans([scan(merge_updates(*updates, *make_updates(2)))])
    assert len(cut) == 1


COUNT = 8


def make_updates(client):
    drawing = DrawingClient(client)
    for number in range(COUNT):
        drawing.map[f"{number}"] = client
    return drawing.updates


slow_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Pieces of what two clients drew: which client, from which of its updates, and how many.
pieces = st.tuples(st.integers(1, 2), st.integers(0, COUNT // 2), st.integers(1, COUNT))
batches = st.lists(st.lists(pieces, min_size=1, max_size=5), max_size=10)


@slow_machine
@given(batches)
def test_batches_of_overlapping_updates_have_the_same_result_as_yrs(batches):
    updates = {client: make_updates(client) for client in (1, 2)}
    document, doc, news = Document([]), Doc(), Doc()
    for batch in batches:
        sent = [merge_updates(*updates[who][start : start + n]) for who, start, n in batch]
        try:
            new_part = document.apply_scans([scan(update) for update in sent])
        except PendingDependency:
            continue
        doc.apply_update(merge_updates(*sent))
        if new_part is not None:
            news.apply_update(new_part)
    for other in (doc, news):
        assert content(document.encode()) == content(other.get_update())
        assert dict(yproto.read_state_vector(other.get_state())) == document.clocks
