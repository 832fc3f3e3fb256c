"""The board of a series: carried on to the next lesson, with the last one's a click away."""

import pytest
from playwright.sync_api import expect

from tests.browser.board import draw, wait_for_board, wait_for_ink
from tests.browser.room_school import enter

pytestmark = [pytest.mark.browser, pytest.mark.any_database]


def test_next_lesson_continues_the_board_and_links_the_last_one(visit, scene):
    tutor = scene.person(role="tutor", locale="en")
    student = scene.person(role="student")
    scene.classroom(tutor=tutor["id"], students=[student["id"]])
    people = {"tutor": tutor["id"], "students": [student["id"]]}
    first, second, *_rest = scene.series(**people, board_mode="carried")["lessons"]

    context = visit(tutor, locale="en").page.context
    page = enter(context, f"/lessons/{first}/room/")
    wait_for_board(page)
    expect(page.get_by_role("link", name="Board of the last lesson")).to_have_count(0)
    draw(page)
    wait_for_ink(page)
    expect(page.locator(".room-unsent")).to_have_text("", timeout=20_000)
    page.close()

    page = enter(context, f"/lessons/{second}/room/")
    wait_for_board(page)
    wait_for_ink(page)
    link = page.get_by_role("link", name="Board of the last lesson")
    expect(link).to_have_attribute("href", f"/lessons/{first}/board/")
