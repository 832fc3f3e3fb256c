"""A hostile client writes invalid values: room and board keep working for the others."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.board import canvas_origin, select_tool, wait_for_board, wait_for_ink
from tests.browser.conftest import RECORD_CANVAS_TEXT
from tests.browser.hostile_board import (
    BASE,
    GOOD,
    GOOD_INK,
    OWN,
    HostileClient,
    hostile_client,
    wrong_elements,
    wrong_files,
    wrong_pages,
)
from tests.browser.room_school import School, enter, make_school, open_as

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
BREAK_DRAWING = """() => {
  window.honest = CanvasRenderingContext2D.prototype.scale;
  CanvasRenderingContext2D.prototype.scale = () => { throw new Error('broken on purpose'); };
}"""
MEND_DRAWING = "() => { CanvasRenderingContext2D.prototype.scale = window.honest; }"


@pytest.fixture
def hostile_school(kreida) -> School:
    return make_school(kreida.url)


@pytest.fixture
def hostile(hostile_school) -> Iterator[HostileClient]:
    with hostile_client(hostile_school) as client:
        yield client


@pytest.fixture
def tutor(chromium, hostile_school) -> Iterator[Page]:
    context = open_as(chromium, hostile_school.tutor)
    context.set_default_timeout(60_000)
    page = enter(context, hostile_school.room)
    wait_for_board(page)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    yield page
    assert page.problems == []
    context.close()


def check_room_works(page: Page, said: str) -> None:
    """Check that the board draws its valid element and that call and chat work."""
    wait_for_ink(page, more_than=GOOD_INK)
    expect(page.locator(".room-board-failure")).to_have_count(0)
    expect(page.get_by_label("People in the call")).to_be_visible()
    expect(page.get_by_role("link", name="Leave", exact=True)).to_be_visible()
    page.get_by_label("Write a message").fill(said)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("log").get_by_text(said)).to_be_visible()


@pytest.mark.parametrize("kind", OWN)
def test_room_and_board_work_after_wrong_elements(tutor, hostile, kind):
    hostile.set("elements:1", {"good": GOOD})
    hostile.set("elements:1", wrong_elements(kind))
    check_room_works(tutor, "before reloading")
    tutor.reload()
    wait_for_board(tutor)
    check_room_works(tutor, "after reloading")


def test_room_and_board_work_after_wrong_pages_and_files(tutor, hostile):
    hostile.set("elements:1", {"good": GOOD})
    hostile.set("pages", wrong_pages())
    hostile.set("files", wrong_files())
    pictures = {f"picture-{key}": key for key in (*wrong_files(), "nowhere")}
    honest = {**BASE, **OWN["image"], "type": "image"}
    hostile.set(
        "elements:1", {key: {**honest, "id": key, "fileId": file} for key, file in pictures.items()}
    )
    check_room_works(tutor, "before reloading")
    tutor.reload()
    wait_for_board(tutor)
    tutor.get_by_role("button", name="Page 1", exact=True).click()
    check_room_works(tutor, "after reloading")


def test_other_cursors_are_drawn_after_broken_cursor_states(
    tutor, chromium, hostile, hostile_school
):
    wrong = [None, 5, "x", [], {}, {"a": 1}, "x" * 5000, 1e300]
    honest = {
        **{"name": "Б", "person": "g1", "role": "student", "page": "1", "button": "up"},
        **{"pointer": {"x": 5, "y": 5, "tool": "laser"}, "selected": {}},
    }
    context = open_as(chromium, hostile_school.student)
    context.set_default_timeout(60_000)
    student = enter(context, hostile_school.room)
    wait_for_board(student)
    tutor.evaluate(f"() => {{ {RECORD_CANVAS_TEXT} }}")
    for name in honest:
        hostile.send_awareness(
            [json.dumps({**honest, name: value}).encode() for value in wrong[:7]]
        )
    select_tool(student, "selection")
    left, top = canvas_origin(student)
    student.mouse.move(left + 300, top + 300, steps=4)
    tutor.wait_for_function("() => window.written.has('Олена Коваль')")
    context.close()


def test_call_and_chat_work_while_the_board_is_broken_and_reloaded(tutor, hostile):
    hostile.set("elements:1", {"good": GOOD})
    wait_for_ink(tutor, more_than=GOOD_INK)
    tutor.evaluate(BREAK_DRAWING)
    hostile.set("elements:1", {"another": {**GOOD, "id": "another", "y": 500.0}})
    failure = tutor.locator(".room-board-failure")
    expect(failure).to_be_visible()
    expect(tutor.get_by_label("People in the call")).to_be_visible()
    expect(tutor.get_by_label("Write a message")).to_be_editable()
    expect(tutor.get_by_role("button", name="History", exact=True)).to_be_visible()
    tutor.evaluate(MEND_DRAWING)
    failure.get_by_role("button", name="Reload the board").click()
    check_room_works(tutor, "after mending")
    tutor.problems.clear()
