"""The board after being offline, after it was rewritten, and restored from its history."""

import re
import sqlite3
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect
from pycrdt import write_var_uint as varint

from apps.classroom.compaction import REWRITE_FROM
from tests.browser.board import (
    DROP,
    INK,
    canvas_origin,
    count_ink,
    draw,
    last_page_elements,
    make_black_png,
    wait_for_board,
    wait_for_elements,
    wait_for_ink,
)
from tests.browser.room_school import enter, make_school, open_as
from tests.browser.test_board import paste, strokes_clipboard, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]


def test_large_offline_changes_are_sent_after_reconnecting(both_pages, school):
    """Changes over one frame, a selection over one awareness state, and a picture are all sent."""
    tutor, student = both_pages
    left, top = canvas_origin(student)
    student.context.set_offline(True)
    student.evaluate(DROP, [list(make_black_png(70, 40)), "image/png", left + 500, top + 600])
    paste(student, strokes_clipboard(1500, 80))
    wait_for_ink(student)
    expect(student.locator(".room-unsent")).to_contain_text("Not sent yet: 1502")
    assert last_page_elements(school) == []
    student.context.set_offline(False)
    expect(student.locator(".room-unsent")).to_have_text("", timeout=60_000)
    wait_for_elements(school, 1501)
    wait_for_ink(tutor, more_than=count_ink(student) // 2)


@contextmanager
def database_of(kreida):
    with sqlite3.connect(kreida.data_dir / "kreida.sqlite3", timeout=20) as database:
        yield database


def fill_with_client_ids(kreida, school, clients):
    """Add the client ids to the stored board, so that it is rewritten when it is next opened."""
    structs = [b"\x01" + varint(client) + b"\x00\x00\x01" for client in reversed(clients)]
    update = varint(len(clients)) + b"".join(structs) + b"\x00"
    with database_of(kreida) as database:
        database.execute(
            "INSERT INTO classroom_boardupdate (session_id, data, created_at)"
            " SELECT id, ?, '2026-01-01' FROM classroom_classroomsession WHERE uuid = ?",
            (update, school.session_uuid.replace("-", "")),
        )


def is_empty(kreida, school) -> bool:
    present = (
        "SELECT count(*) FROM classroom_attendance WHERE left_at IS NULL AND session_id ="
        " (SELECT id FROM classroom_classroomsession WHERE uuid = ?)"
    )
    with database_of(kreida) as database:
        found = database.execute(present, (school.session_uuid.replace("-", ""),))
        return found.fetchone() == (0,)


def test_tab_keeps_unsent_strokes_when_its_board_was_rewritten(chromium, kreida):
    school = make_school(kreida.url)
    fill_with_client_ids(kreida, school, range(1, REWRITE_FROM - 100))
    context = open_as(chromium, school.tutor)
    page = enter(context, school.room)
    wait_for_board(page)
    draw(page)
    wait_for_elements(school, 1)
    expect(page.locator(".room-unsent")).to_have_text("", timeout=20_000)
    context.set_offline(True)
    draw(page, down=450)
    expect(page.locator(".room-unsent")).to_contain_text("Not sent yet")
    wait_until(lambda: is_empty(kreida, school), seconds=60)
    fill_with_client_ids(kreida, school, range(REWRITE_FROM, REWRITE_FROM + 200))
    context.set_offline(False)
    wait_for_elements(school, 2)
    wait_for_board(page)
    wait_for_ink(page)
    context.close()


def test_tab_keeps_its_page_removals_and_undo_when_its_board_was_rewritten(chromium, kreida):
    school = make_school(kreida.url)
    fill_with_client_ids(kreida, school, range(1, REWRITE_FROM - 100))
    context = open_as(chromium, school.tutor)
    page = enter(context, school.room)
    wait_for_board(page)
    for _ in range(2):
        page.get_by_role("button", name="New page").click()
        draw(page)
        wait_for_elements(school, 1)
    context.set_offline(True)
    page.get_by_role("button", name="Delete page").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete page").click()
    page.get_by_role("button", name="Page 2", exact=True).click()
    draw(page, down=450)
    wait_until(lambda: is_empty(kreida, school), seconds=60)
    fill_with_client_ids(kreida, school, range(REWRITE_FROM, REWRITE_FROM + 200))
    context.set_offline(False)
    notice = page.get_by_role("alert").filter(has_text="rebuilt")
    expect(notice).to_be_visible(timeout=60_000)
    wait_for_elements(school, 2)
    wait_for_board(page)
    wait_for_ink(page)
    page.get_by_role("button", name="Undo").click()
    wait_for_elements(school, 1)
    context.close()


def test_tab_keeps_an_image_being_uploaded_when_its_board_was_rewritten(chromium, kreida):
    school = make_school(kreida.url)
    fill_with_client_ids(kreida, school, range(1, REWRITE_FROM - 100))
    context = open_as(chromium, school.tutor)
    page = enter(context, school.room)
    wait_for_board(page)
    draw(page)
    wait_for_elements(school, 1)
    context.set_offline(True)
    left, top = canvas_origin(page)
    page.evaluate(DROP, [list(make_black_png(60, 40)), "image/png", left + 500, top + 300])
    wait_until(lambda: is_empty(kreida, school), seconds=60)
    fill_with_client_ids(kreida, school, range(REWRITE_FROM, REWRITE_FROM + 200))
    context.set_offline(False)
    expect(page.get_by_role("alert").filter(has_text="rebuilt")).to_be_visible(timeout=60_000)
    wait_for_elements(school, 2)
    expect(page.locator(".room-unsent")).to_have_text("", timeout=60_000)
    with page.expect_response(lambda response: "/files/" in response.url) as fetched:
        page.reload()
    assert fetched.value.ok
    context.close()


def test_element_too_large_for_a_frame_is_removed_with_a_notice(both_pages, school):
    tutor, _ = both_pages
    paste(tutor, strokes_clipboard(1, 40_000))
    notice = tutor.get_by_role("alert").filter(has_text="too large")
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Dismiss").click()
    assert count_ink(tutor) == 0
    draw(tutor)
    wait_for_elements(school, 1)


def test_tutor_can_restore_an_earlier_version_from_history(chromium, kreida):
    school = make_school(kreida.url)
    contexts = [open_as(chromium, who) for who in (school.tutor, school.student)]
    tutor, student = [enter(context, school.room) for context in contexts]
    for page in (tutor, student):
        wait_for_board(page)
    draw(tutor)
    history = f"/api/classroom/sessions/{school.session_uuid}/history/"
    wait_until(lambda: len(school.request("GET", history)["results"]) == 1)
    wait_for_ink(student)
    once = count_ink(student)
    draw(student, down=450)
    wait_for_ink(tutor, more_than=int(1.5 * once))
    student.get_by_role("button", name="History", exact=True).click()
    expect(student.get_by_label(re.compile("^Version:"))).to_be_visible()
    expect(student.get_by_role("button", name="Restore this version")).to_have_count(0)
    student.keyboard.press("Escape")
    tutor.get_by_role("button", name="History", exact=True).click()
    tutor.get_by_role("button", name="Restore this version").click()
    expect(tutor.get_by_text("Board version restored")).to_be_visible()
    for page in (tutor, student):
        # Blank while the board is replaced.
        page.wait_for_function(
            f"() => {{ const ink = ({INK})(); return ink > 0 && ink < {int(1.2 * once)}; }}"
        )
    tutor.keyboard.press("Escape")
    # Restoring adds a version; the state before it can be selected with the slider.
    tutor.get_by_role("button", name="History", exact=True).click()
    slider = tutor.get_by_label(re.compile("^Version:"))
    expect(slider).to_have_value("1")
    newer = preview_height(tutor)
    slider.press("ArrowLeft")
    wait_until(lambda: preview_height(tutor) < 0.7 * newer)
    for context in contexts:
        context.close()


def preview_height(page: Page) -> int:
    """Return the height of the canvas that previews a version in the history dialog."""
    canvas = page.locator(".room-history-picture canvas")
    canvas.wait_for()
    return canvas.evaluate("(canvas) => canvas.height")
