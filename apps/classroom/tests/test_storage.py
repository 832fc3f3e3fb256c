"""Boards in the database: unreadable rows, formats of other releases and compaction."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from pycrdt import Array, Doc, get_state, merge_updates
from pycrdt import write_var_uint as varint

from apps.classroom import blobs, board_log, compaction
from apps.classroom.models import (
    BoardAuthor,
    BoardQuarantine,
    BoardSnapshot,
    BoardUpdate,
    BoardVersion,
)
from apps.classroom.realtime.board import stored_updates
from apps.classroom.realtime.board.stored_updates import names_client_twice
from apps.classroom.realtime.board.values import MAX_NESTING
from apps.classroom.realtime.board.yproto import read_state_vector
from apps.classroom.realtime.cluster.bus import NoBus
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.tests.boards import content, drawing, in_thread, stored
from apps.classroom.tests.clients import eventually, refused_with
from apps.classroom.versions import save_version, version_updates

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


BROKEN = b"\x05\x05\x05broken"
BIG = drawing(**{f"e{n}": "x" * 1000 for n in range(400)})


def clocks_of(updates):
    return dict(read_state_vector(get_state(merge_updates(*updates))))


@pytest.fixture
def half_broken(lesson):
    """A board with one unreadable row in its log."""
    board_log.append({lesson.session.pk: [drawing(a=1)]})
    BoardUpdate.objects.create(session=lesson.session, data=BROKEN)
    board_log.append({lesson.session.pk: [drawing(b=2)]})
    return lesson


def test_unreadable_row_is_quarantined(half_broken, live_room, log_lines):
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        for _ in range(3):
            async with live_room.board(ticket) as a:
                assert a.map.to_py().items() >= {"a": 1, "b": 2}.items()
                a.map["c"] = 3

    asyncio.run(scenario())
    live_room.stop()
    assert stored(live_room.lesson) == {"a": 1, "b": 2, "c": 3}
    assert BoardUpdate.objects.count() == 0
    (quarantined,) = BoardQuarantine.objects.all()
    assert (bytes(quarantined.data), quarantined.reason) == (BROKEN, "unreadable")
    assert not [line for line in log_lines() if "Traceback" in str(line)]


# Two blocks of client 5, which an early release could store: yrs may crash on it.
TWO_BLOCKS = b"\x02" + b"\x01\x05\x00\x28\x01\x01a\x01v\x01\x7d\x01" * 2 + b"\x00"


@pytest.mark.parametrize("others", [drawing(b=2), BIG], ids=["small", "large"])
def test_stored_row_that_names_a_client_twice_is_quarantined(lesson, others):
    board_log.append({lesson.session.pk: [drawing(a=1)]})
    board_log.append({lesson.session.pk: [TWO_BLOCKS]})
    board_log.append({lesson.session.pk: [others]})
    compacted = board_log.compact(lesson.session.pk)
    assert content(compacted.state) == {"a": 1} | content(others)
    assert 5 not in clocks_of([compacted.state])
    assert BoardQuarantine.objects.get().reason == "unreadable"


def test_stored_row_of_several_clients_is_not_scanned_again(monkeypatch):
    scanned = []

    class Recorder(stored_updates._ClientScanner):
        def scan(self):
            scanned.append(self.data)
            return super().scan()

    monkeypatch.setattr(stored_updates, "_ClientScanner", Recorder)
    assert not names_client_twice(merge_updates(drawing(a=1), drawing(b=2)))
    assert names_client_twice(TWO_BLOCKS)
    assert scanned == [TWO_BLOCKS]


def test_stored_row_with_deep_values_is_not_decoded_by_yrs(monkeypatch):
    deep = b"u\x01" * (MAX_NESTING + 1) + b"\x7f"
    blocks = [b"\x01" + bytes((client,)) + b"\x00\x28\x01\x01a\x01v\x01" for client in (5, 6)]
    row = b"\x02" + b"".join(block + deep for block in blocks) + b"\x00"
    decoded = []
    monkeypatch.setattr(stored_updates, "merge_updates", decoded.append)
    assert (names_client_twice(row), decoded) == (False, [])


def test_version_that_names_a_client_twice_is_read_without_it(lesson):
    save_version(lesson.session.pk, [drawing(a=1), TWO_BLOCKS], now=NOW, at_least=timedelta(0))
    assert len(version_updates(BoardVersion.objects.get())) == 1


def test_unreadable_snapshot_is_quarantined(lesson):
    BoardSnapshot.objects.create(session=lesson.session, state=BROKEN)
    board_log.append({lesson.session.pk: [drawing(a=1)]})
    assert board_log.compact(lesson.session.pk) is not None
    assert stored(lesson) == {"a": 1}
    assert [bytes(row.data) for row in BoardQuarantine.objects.all()] == [BROKEN]


def test_board_of_later_release_closes_with_4503(lesson, live_room):
    newer = blobs.MARK + b"\x63whatever"
    BoardSnapshot.objects.create(session=lesson.session, state=newer)
    board_log.append({lesson.session.pk: [drawing(a=1)]})
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.tutor)]

    async def scenario():
        assert await refused_with(live_room.url("board", tickets[0])) == 4503
        async with live_room.events(tickets[0]) as tutor:
            await tutor.wait_for("welcome")
            assert await refused_with(live_room.url("board", tickets[1])) == 4503
            await tutor.receive_pending()
            snapshots = BoardSnapshot.objects.filter(session=lesson.session)
            await in_thread(lambda: snapshots.update(state=drawing(b=2)))
            async with live_room.board(tickets[1]) as a:
                assert a.map.to_py() == {"a": 1, "b": 2}

    asyncio.run(scenario())


def test_board_of_later_release_is_not_compacted(lesson):
    BoardUpdate.objects.create(session=lesson.session, data=blobs.MARK + b"\x63whatever")
    with pytest.raises(blobs.NewerFormat):
        board_log.compact(lesson.session.pk)
    assert BoardUpdate.objects.count() == 1


def update_naming(count):
    clients = sorted(random.Random(7).sample(range(1, 2**31), count), reverse=True)
    return (
        varint(count) + b"".join(b"\x01" + varint(c) + b"\x00\x00\x01" for c in clients) + b"\x00"
    )


@pytest.mark.parametrize("by_log", [True, False])
def test_stored_board_with_too_many_clients_is_opened_without_them(lesson, live_room, by_log):
    hostile = [update_naming(compaction.MAX_CLIENTS * 3)]
    if by_log:
        board_log.append({lesson.session.pk: [drawing(a=1), *hostile]})
    else:
        whole = merge_updates(drawing(a=1), *hostile)
        BoardSnapshot.objects.create(session=lesson.session, state=whole)
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.board(ticket) as a:
            assert a.map.to_py() == {"a": 1}
            assert len(RoomRegistry.current.rooms[live_room.uuid].board.document.clocks) == 1

    asyncio.run(scenario())
    assert {kept.reason for kept in BoardQuarantine.objects.all()} == {"too many client ids"}


def test_board_at_the_limit_of_clients_is_rewritten_when_opened(lesson, live_room):
    full = [drawing(a=1), update_naming(compaction.MAX_CLIENTS - 1)]
    assert len(clocks_of(full)) == compaction.MAX_CLIENTS
    board_log.append({lesson.session.pk: full})
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.board(ticket) as a:
            assert a.map.to_py() == {"a": 1}
            assert len(RoomRegistry.current.rooms[live_room.uuid].board.document.clocks) == 1
            a.map["b"] = 2
            await a.drain()

    asyncio.run(scenario())
    assert BoardQuarantine.objects.exists()


def test_board_that_is_rewritten_forgets_its_authors(lesson):
    session = lesson.session.pk
    board_log.append({session: [drawing(a=1), update_naming(compaction.REWRITE_FROM)]})
    board_log.add_authors({(session, 5): "u1"})
    board_log.compact(session)
    assert BoardAuthor.objects.count() == 1
    board_log.compact(session, unopened=True)
    assert BoardAuthor.objects.count() == 0


@pytest.mark.parametrize(("elsewhere", "kept"), [({}, False), ({"process": []}, True)])
def test_board_at_half_the_limit_of_clients_is_rewritten_when_no_process_has_it_open(
    lesson, live_room, monkeypatch, elsewhere, kept
):
    half = [drawing(a=1), update_naming(compaction.REWRITE_FROM - 1)]
    board_log.append({lesson.session.pk: half})
    ticket = live_room.ticket(live_room.tutor)

    async def open_bus(_bus, _room):
        return elsewhere

    monkeypatch.setattr(NoBus, "open", open_bus)

    async def scenario():
        async with live_room.board(ticket) as a:
            assert a.map.to_py() == {"a": 1}
            document = RoomRegistry.current.rooms[live_room.uuid].board.document
            assert len(document.clocks) == (compaction.REWRITE_FROM if kept else 1)

    asyncio.run(scenario())


def test_board_with_too_many_deletions_is_rewritten_when_no_process_has_it_open(lesson, live_room):
    """Otherwise nobody could delete or overwrite anything on it any more."""
    count = compaction.REWRITE_FROM_RUNS
    # Values, each after a deleted one.
    values = (b"\x00\x01\x28\x01\x05other\x05%05d\x01\x7d\x01" % n for n in range(count))
    full = b"\x01" + varint(2 * count) + b"\x07\x00" + b"".join(values) + b"\x00"
    BoardSnapshot.objects.create(session=lesson.session, state=merge_updates(drawing(a=1), full))
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.board(ticket) as a:
            assert a.map.to_py() == {"a": 1}
            board = RoomRegistry.current.rooms[live_room.uuid].board
            assert board.document.deletion_runs == 0

    asyncio.run(scenario())
    assert BoardQuarantine.objects.get().reason == "too many deletions"


def test_board_below_the_limit_of_clients_is_not_rewritten():
    below = [drawing(a=1), update_naming(compaction.MAX_CLIENTS - 2)]
    assert compaction.compact(below).reason == ""


def test_compaction_of_an_open_board_keeps_its_client_ids():
    """Later updates of the process that has it open build on them."""
    full = [drawing(a=1), update_naming(compaction.MAX_CLIENTS - 1)]
    compacted = compaction.compact_and_outline(full)
    assert compacted.reason == ""
    assert clocks_of([compacted.state]).keys() == clocks_of(full).keys()
    assert compaction.compact(full).reason == compaction.TOO_MANY  # the control


def nested(levels, key="deep"):
    """Return an update that sets a value of so many levels."""
    value = b"\x75\x01" * levels + b"\x7e"
    parent = b"\x28\x01\x0aelements:1" + varint(len(key)) + key.encode()
    return b"\x01\x01\x05\x00" + parent + b"\x01" + value + b"\x00"


FATAL = 100_000  # levels at which yrs ends the process


@pytest.mark.parametrize("levels", [MAX_NESTING + 1, FATAL])
@pytest.mark.parametrize("by_log", [True, False])
def test_stored_value_that_nests_too_deeply_is_quarantined(lesson, live_room, levels, by_log):
    if by_log:
        board_log.append({lesson.session.pk: [drawing(a=1)]})
        board_log.append({lesson.session.pk: [nested(levels)]})
    else:
        state = join_updates(drawing(a=1), nested(levels))
        BoardSnapshot.objects.create(session=lesson.session, state=state)
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        for number in range(2):
            async with live_room.board(ticket) as a:
                assert a.map.to_py().items() >= {"a": 1}.items()
                assert "deep" not in a.map
                a.map[f"b{number}"] = number

    asyncio.run(scenario())
    live_room.stop()
    assert stored(lesson) == {"a": 1, "b0": 0, "b1": 1}
    (quarantined,) = BoardQuarantine.objects.all()
    assert nested(levels)[20:-1] in bytes(quarantined.data)
    assert quarantined.reason == compaction.TOO_DEEP


def join_updates(*updates):
    """Join updates of different clients, without yrs, which would not survive some."""
    structs = b"".join(update[1:-1] for update in updates)
    return varint(len(updates)) + structs + b"\x00"


def test_large_stored_board_with_a_fatal_value_is_opened_without_it(lesson, live_room):
    board_log.append({lesson.session.pk: [BIG, nested(FATAL)]})
    ticket = live_room.ticket(live_room.tutor)

    async def scenario():
        async with live_room.board(ticket) as a:
            assert a.map.to_py() == content(BIG)

    asyncio.run(scenario())
    live_room.stop()
    assert stored(lesson) == content(BIG)
    assert {kept.reason for kept in BoardQuarantine.objects.all()} == {compaction.TOO_DEEP}


def test_value_at_the_limit_of_nesting_is_kept(lesson):
    board_log.append({lesson.session.pk: [nested(MAX_NESTING)]})
    assert "deep" in stored(lesson)
    assert board_log.compact(lesson.session.pk) is not None
    assert not BoardQuarantine.objects.exists()


@pytest.mark.parametrize("big", [False, True])
def test_version_with_a_fatal_value_is_restored_without_it(live_room, big):
    updates = [drawing(a={"version": 1}), nested(FATAL), *([BIG] if big else [])]
    save_version(live_room.session.pk, updates, now=NOW, at_least=timedelta())
    version = BoardVersion.objects.get()
    url = f"/api/classroom/sessions/{live_room.uuid}/history/{version.pk}/"
    tutor = live_room.api(live_room.tutor)
    assert tutor.post(f"{url}restore/").status_code == 204
    assert stored(live_room.lesson)["a"]["version"] > 0
    assert "deep" not in stored(live_room.lesson)
    assert "deep" not in content(tutor.get(url).content)


def test_log_is_compacted_when_it_exceeds_a_size(live_room, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.board.storage.COMPACT_BYTES", 200_000)
    monkeypatch.setattr("apps.classroom.realtime.server.registry.MAINTENANCE_INTERVAL", 0.1)
    ticket = live_room.ticket(live_room.tutor)

    def log_size():
        return sum(len(data) for data in BoardUpdate.objects.values_list("data", flat=True))

    async def scenario():
        async with live_room.board(ticket) as a:
            for number in range(40):
                a.map["x"] = f"{number}" + "x" * 20_000
            await a.drain()
            board = RoomRegistry.current.rooms[live_room.uuid].board
            await eventually(lambda: board.bytes_since_compaction < 250_000)
            assert board.document.size < 300_000
            assert await in_thread(log_size) < 300_000

    asyncio.run(scenario())


# -- this release and the previous one, 0.32 -------------------------------------------------


def merge_as_0_32(updates):
    """A copy of how 0.32 reads a snapshot and the rows of the log: each is one update."""
    return updates[0] if len(updates) == 1 else merge_updates(*updates)


@pytest.mark.any_database
@pytest.mark.django_db
def test_this_release_reads_what_0_32_writes(lesson):
    session = lesson.session
    BoardSnapshot.objects.create(session=session, state=drawing(a=1))
    BoardUpdate.objects.create(session=session, data=drawing(b=2))
    BoardVersion.objects.create(session=session, state=BIG)
    assert stored(lesson) == {"a": 1, "b": 2}
    assert version_updates(BoardVersion.objects.get()) == [BIG]


@pytest.mark.any_database
@pytest.mark.django_db
def test_release_0_32_reads_the_log_and_the_snapshot(lesson):
    """So that both can run side by side during an upgrade (docs/adr/0009)."""
    session = lesson.session.pk
    board_log.append({session: [drawing(a=1), drawing(b=2)]})
    rows = [bytes(data) for data in BoardUpdate.objects.values_list("data", flat=True)]
    assert content(merge_as_0_32(rows)) == {"a": 1, "b": 2}
    assert board_log.compact(session) is not None
    [snapshot] = BoardSnapshot.objects.all()
    board_log.append({session: [drawing(c=3)]})
    [row] = BoardUpdate.objects.all()
    updates = [bytes(snapshot.state), bytes(row.data)]
    assert content(merge_as_0_32(updates)) == {"a": 1, "b": 2, "c": 3}


@pytest.mark.any_database
@pytest.mark.django_db
def test_this_release_reads_what_the_next_will_write(lesson):
    session = lesson.session
    listed = blobs.MARK + b"\x01" + msgspec.msgpack.encode([drawing(a=1)])
    BoardSnapshot.objects.create(session=session, state=listed)
    BoardUpdate.objects.create(session=session, data=blobs.encode_compressed([drawing(b=2)]))
    assert stored(lesson) == {"a": 1, "b": 2}


def test_release_0_32_refuses_versions_of_this_one(lesson):
    """It reads `state` only, and an empty one is not an update: restoring fails without effect."""
    save_version(lesson.session.pk, [drawing(a=1)], now=NOW, at_least=timedelta())
    state = bytes(BoardVersion.objects.get().state)
    with pytest.raises(ValueError, match="Cannot decode"):
        Doc().apply_update(state)


def test_mark_is_neither_an_update_nor_a_list():
    data = blobs.encode_compressed([b"x"])
    with pytest.raises(msgspec.DecodeError):
        msgspec.msgpack.decode(data, type=list[bytes])
    with pytest.raises(ValueError, match="Cannot"):
        Doc().apply_update(blobs.MARK)


# -- work on large boards -------------------------------------------------------------------


def test_large_board_is_compacted_in_a_subprocess(monkeypatch):
    run, real = [], compaction.subprocess.Popen

    def recorded(*args, **kwargs):
        run.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(compaction.subprocess, "Popen", recorded)
    compacted = compaction.compact_in_subprocess([BIG, BROKEN, drawing(a=1)])
    assert len(run) == 1
    assert content(compacted.state).keys() == content(BIG).keys() | {"a"}
    assert compacted.unreadable == [1]
    assert len(compaction.merge_in_subprocess([BIG, drawing(b=1)])) > len(BIG)
    assert len(run) == 2


def test_crashed_subprocess_changes_nothing(lesson, monkeypatch):
    board_log.append({lesson.session.pk: [BIG]})
    monkeypatch.setattr(compaction.sys, "executable", "/bin/false")
    with pytest.raises(compaction.SubprocessFailed):
        board_log.compact(lesson.session.pk)
    assert BoardUpdate.objects.count() == 1


def test_unreadable_updates_are_reported_by_compaction():
    doc = Doc()
    doc.get("list", type=Array).append(1)
    assert compaction.compact([doc.get_update(), b"", BROKEN, b"\xff" * 30]).unreadable == [1, 2, 3]
