"""Versions of the board before a large deletion."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone
from pycrdt import Doc, Map, merge_updates

from apps.classroom.models import BoardVersion, ClassroomSession
from apps.classroom.realtime.board.board import LARGE_DELETION
from apps.classroom.realtime.board.update_scan import scan
from apps.classroom.tests.boards import content, in_thread, open_board
from apps.classroom.versions import save_version, version_updates


def element(**properties):
    return {"type": "rectangle", "version": 1, "x": 0.0, "y": 0.0, "isDeleted": False} | properties


@pytest.fixture
def drawn():
    """A document with elements, and a function that returns what a change of it adds."""
    doc = Doc()
    elements = doc.get("elements:1", type=Map)
    elements.update({f"e{n}": element() for n in range(LARGE_DELETION)})

    def changed(change):
        before = doc.get_state()
        with doc.transaction():
            change(elements)
        return doc.get_update(before)

    return doc, changed


def mark_deleted(elements):
    elements.update({key: element(isDeleted=True, version=2) for key in list(elements)})


@pytest.mark.parametrize("delete", [mark_deleted, lambda elements: elements.clear()])
def test_board_before_a_large_deletion_is_kept(drawn, delete):
    doc, changed = drawn
    board = open_board(doc.get_update()).board
    board.apply_updates([scan(changed(delete))], None)
    (before,) = board.before_deletion
    assert len(content(before)) == LARGE_DELETION
    assert not any(each["isDeleted"] for each in content(before).values())


def test_stroke_does_not_copy_the_updates_of_the_board(drawn):
    """There are up to 5,000, and a stroke is sent many times."""
    doc, changed = drawn

    class Updates(list):
        def __iter__(self):
            raise AssertionError("the updates are copied")

    board = open_board(doc.get_update()).board
    strokes = [changed(lambda elements, x=x: elements.update({"e": element(x=x)})) for x in (1, 2)]
    board.apply_updates([scan(strokes[0])], None)  # loads the document
    board.document._updates = Updates(board.document._updates)
    board.apply_updates([scan(strokes[1])], None)
    assert len(board.document._updates) == 3


def test_moving_everything_is_no_deletion(drawn):
    doc, changed = drawn
    board = open_board(doc.get_update()).board
    move = changed(lambda elements: elements.update({k: element(x=9.0) for k in list(elements)}))
    board.apply_updates([scan(move)], None)
    assert board.before_deletion is None


def test_repeated_deletions_of_a_client_are_no_new_ones(drawn):
    doc, changed = drawn
    board = open_board(doc.get_update()).board
    board.apply_updates([scan(changed(lambda elements: elements.clear()))], None)
    board.before_deletion = None
    board.apply_updates([scan(doc.get_update())], None)
    assert board.before_deletion is None


async def wait_for_versions(count):
    async with asyncio.timeout(20):
        while await in_thread(BoardVersion.objects.count) < count:
            await asyncio.sleep(0.05)


def test_version_before_a_deletion_is_saved_soon_after_another(live_room):
    ticket = live_room.ticket(live_room.student)

    async def scenario():
        async with live_room.board(ticket) as student:
            names = [f"e{n}" for n in range(LARGE_DELETION)]
            student.map.update({name: element() for name in names})
            await student.drain()
            await wait_for_versions(1)
            mark_deleted(student.map)
            await student.drain()
            await wait_for_versions(2)
            return await in_thread(lambda: list(BoardVersion.objects.order_by("id")))

    for version in asyncio.run(scenario()):
        elements = content(merge_updates(*version_updates(version)))
        assert [each["isDeleted"] for each in elements.values()] == [False] * LARGE_DELETION


def test_version_that_is_not_due_is_not_compressed(lesson, monkeypatch):
    session = ClassroomSession.objects.filter(pk=lesson.session.pk)
    now = timezone.now()
    session.update(versioned_at=now)
    monkeypatch.setattr("apps.classroom.blobs.encode_compressed", lambda updates: 1 / 0)
    later = {"now": now + timedelta(seconds=29), "at_least": timedelta(seconds=30)}
    assert not save_version(lesson.session.pk, [b""], **later)
