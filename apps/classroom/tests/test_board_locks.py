"""The guard of a board follows the tutor's rules: when its index and authors are read again."""

import asyncio

import pytest

from apps.classroom.policies import BoardRules, Drawing
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server import board_locks
from apps.classroom.tests.boards import drawing
from apps.classroom.tests.test_board_guard import (
    OTHER,
    STUDENT,
    TUTOR,
    GuardedBoard,
    deletion,
    struct,
)

FREE, OWN = BoardRules(), BoardRules(Drawing.OWN)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(board_locks, "time", clock)
    return clock


@pytest.fixture
def made(monkeypatch):
    """The indexes that are made, as a list that grows."""
    made, real = [], board_locks.index_slots

    async def index_slots(updates):
        made.append(len(updates))
        return await real(updates)

    monkeypatch.setattr(board_locks, "index_slots", index_slots)
    return made


@pytest.fixture
def stored(monkeypatch):
    """The stored authors; each load is noted in `loads`."""
    authors = {}
    monkeypatch.setattr(board_locks.board_log, "load_authors", lambda session: dict(authors))

    async def run(call, *args):
        loads.append(args)
        return call(*args)

    loads = []
    monkeypatch.setattr(board_locks.db, "run", run)
    return authors, loads


class LockedBoard(GuardedBoard):
    """A board whose rules are set as the tutor sets them."""

    def __init__(self):
        super().__init__()
        self.locks = board_locks.BoardLocks(self.board, 1, FREE)

    def apply(self, rules):
        self.receiver.set_rules(rules)
        return asyncio.run(self.locks.apply())


def test_lock_switched_on_and_off_makes_its_index_once(made, clock):
    """Made each time, it held up all rooms."""
    shared = LockedBoard()
    assert [shared.apply(rules) for rules in (OWN, FREE) * 10] == [True] * 20
    assert len(made) == 1
    clock.now += board_locks.KEEP_INDEX + 1
    shared.apply(FREE)
    assert shared.board.guard is None
    shared.apply(OWN)
    assert len(made) == 2


def test_unlocked_board_accepts_what_was_locked_and_locks_it_again(made, clock):
    shared = LockedBoard()
    shared.apply(OWN)
    shared.apply(FREE)
    added = struct(OTHER, 0, parent="elements:1", key="added")
    change = struct(STUDENT, 1, origin=(TUTOR, 0), deletes=[(TUTOR, 0, 1)], value=8)
    closed = shared.send_mixed((OTHER, added), (STUDENT, change))
    assert set(closed.values()) == {None}
    assert shared.content() == {"theirs": 8, "mine": 7, "added": 7}
    shared.apply(OWN)
    assert shared.send(STUDENT, deletion((OTHER, 0, 1))) == Close.LOCKED
    assert len(made) == 1


def test_unlocked_board_drops_an_index_that_is_not_complete(clock):
    shared = LockedBoard()
    shared.apply(OWN)
    shared.apply(FREE)
    shared.board.broadcast_missing([[drawing(late=1)]])
    shared.apply(FREE)
    assert shared.board.guard is None


def test_author_stored_after_several_loads_is_found(stored, clock):
    """The database of the process that stores them may be away for minutes."""
    shared, (authors, loads) = LockedBoard(), stored
    shared.board.authors.clear()
    shared.apply(OWN)
    for _ in range(100):
        clock.now += 1
        shared.apply(OWN)
    assert 3 < len(loads) < 10
    authors[STUDENT] = f"u{STUDENT}"
    clock.now += board_locks.MAX_LOAD_INTERVAL
    assert shared.apply(OWN)
    assert shared.send(STUDENT, deletion((STUDENT, 0, 1))) is None


def test_author_of_a_new_client_id_is_loaded_at_once(stored, clock):
    shared, (authors, loads) = LockedBoard(), stored
    shared.board.authors.clear()
    shared.apply(OWN)
    shared.board.document.apply_updates([struct(9, 0, parent="elements:1", key="x")])
    authors[9] = "u3"
    assert shared.apply(OWN)
    assert len(loads) == 2


def test_rules_are_not_sent_again_while_authors_are_not_found(stored, clock):
    shared, (authors, _loads) = LockedBoard(), stored
    authors[77] = "u3"  # somebody who is known
    del shared.board.authors[STUDENT]
    shared.apply(OWN)
    clock.now += board_locks.MAX_LOAD_INTERVAL
    assert not shared.apply(OWN)
