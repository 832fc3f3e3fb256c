"""Keys, fingers and pens on the board."""

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.board import (
    canvas_origin,
    count_ink,
    draw,
    last_page,
    last_page_elements,
    select_tool,
    stored_elements,
    wait_for_board,
    wait_for_elements,
    wait_for_ink,
)
from tests.browser.hostile_board import BASE, OWN, hostile_client
from tests.browser.test_board import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]

ZOOM = ".reset-zoom-button"


def press_key(page: Page, key: str, code: str, modifiers: int = 0) -> None:
    """Press a key as a keyboard of another layout does; modifiers: 2 is Ctrl, 8 is Shift."""
    keyboard = page.context.new_cdp_session(page)
    for kind in ("rawKeyDown", "keyUp"):
        event = {"type": kind, "key": key, "code": code, "modifiers": modifiers}
        keyboard.send("Input.dispatchKeyEvent", event)
    keyboard.detach()


def focus_board(page: Page) -> None:
    select_tool(page, "selection")
    left, top = canvas_origin(page)
    page.mouse.click(left + 500, top + 500)


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    where = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})


@pytest.mark.parametrize(
    ("key", "code", "tool"),
    [("к", "KeyR", "rectangle"), ("з", "KeyP", "freedraw"), ("λ", "KeyL", "line")],
)
def test_letters_of_another_layout_select_tools(both_pages, key, code, tool):
    tutor, _ = both_pages
    focus_board(tutor)
    press_key(tutor, key, code)
    expect(tutor.locator(f"[data-testid=toolbar-{tool}]")).to_be_checked()


def test_ukrainian_layout_selects_duplicates_and_groups(both_pages, school):
    tutor, _ = both_pages
    draw(tutor)
    wait_for_elements(school, 1)
    focus_board(tutor)
    press_key(tutor, "ф", "KeyA", modifiers=2)
    press_key(tutor, "в", "KeyD", modifiers=2)
    wait_for_elements(school, 2)
    press_key(tutor, "ф", "KeyA", modifiers=2)
    press_key(tutor, "п", "KeyG", modifiers=2)
    wait_until(lambda: all(element["groupIds"] for element in last_page_elements(school)))


def start_text(page: Page) -> Locator:
    """Click with the text tool; return the field in which the text is typed."""
    select_tool(page, "text")
    left, top = canvas_origin(page)
    page.mouse.click(left + 500, top + 500)
    editor = page.locator(".excalidraw-wysiwyg")
    expect(editor).to_be_focused()
    return editor


def test_text_on_the_board_is_typed_in_the_layout(both_pages, school):
    tutor, student = both_pages
    editor = start_text(tutor)
    # Others draw before anything is typed: what is not yet a text is not theirs to delete.
    draw(student)
    wait_for_elements(school, 1)
    wait_for_ink(tutor)
    assert {element["type"] for element in stored_elements(school).values()} == {"freedraw"}
    keyboard = tutor.context.new_cdp_session(tutor)
    keyboard.send(
        "Input.dispatchKeyEvent", {"type": "keyDown", "key": "к", "code": "KeyR", "text": "к"}
    )
    expect(editor).to_have_value("к")
    tutor.keyboard.press("Escape")
    elements = wait_for_elements(school, 2)
    assert [one["text"] for one in elements if one["type"] == "text"] == ["к"]


def test_text_that_is_replaced_is_kept_until_something_is_typed(both_pages, school):
    tutor, student = both_pages
    start_text(tutor)
    tutor.keyboard.type("Сума")
    tutor.keyboard.press("Escape")
    wait_for_elements(school, 1)
    tutor.keyboard.press("Enter")
    editor = tutor.locator(".excalidraw-wysiwyg")
    expect(editor).to_be_focused()
    tutor.keyboard.press("Control+a")
    tutor.keyboard.press("Delete")
    expect(editor).to_have_value("")
    draw(student)
    wait_for_ink(tutor)
    assert "Сума" in [one.get("text") for one in wait_for_elements(school, 2)]
    tutor.keyboard.type("з")
    tutor.keyboard.press("Escape")
    wait_until(lambda: "з" in [one.get("text") for one in last_page_elements(school)])
    tutor.keyboard.press("Enter")
    tutor.keyboard.press("Control+a")
    tutor.keyboard.press("Delete")
    tutor.keyboard.press("Escape")
    wait_for_elements(school, 1)


def test_elements_of_another_client_are_shown_and_not_written(both_pages, school):
    """Neither their order in the document nor a text without letters is a reason to write."""
    tutor, student = both_pages
    given = [
        {"type": "rectangle", "index": "a3", **OWN["rectangle"]},
        {"type": "ellipse", "index": "a1", **OWN["ellipse"]},
        {"type": "text", "index": "a2", **OWN["text"], "text": "", "originalText": ""},
    ]
    own = {"strokeColor": "#000000", "groupIds": []}
    elements = {one["type"]: {**BASE, **one, **own, "id": one["type"]} for one in given}
    with hostile_client(school) as peer:
        page = f"elements:{last_page(peer.doc)}"
        peer.set(page, elements)
        for browser_page in both_pages:
            wait_for_ink(browser_page)
        draw(tutor)
        draw(student, down=400)
        wait_until(lambda: len(stored_elements(school)) == 5)
        assert elements.items() <= stored_elements(school).items()
        typed = {"text": "Сума", "originalText": "Сума", "version": 4.0}
        before = count_ink(student)
        peer.set(page, {"text": {**elements["text"], **typed}})
        wait_for_ink(student, more_than=before)


def test_question_mark_of_the_ukrainian_layout_lists_the_shortcuts(both_pages):
    tutor, _ = both_pages
    focus_board(tutor)
    press_key(tutor, "к", "KeyR")
    press_key(tutor, ",", "Slash", modifiers=8)
    dialog = tutor.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("Rectangle")).to_be_visible()
    expect(tutor.locator(".HelpDialog__header")).to_have_count(0)
    tutor.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_enter_of_an_input_method_does_not_send_the_message(both_pages):
    tutor, _ = both_pages
    field = tutor.get_by_label("Write a message")
    field.fill("привіт")
    field.evaluate(
        """(area) => area.dispatchEvent(
          new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true }))"""
    )
    expect(field).to_have_value("привіт")
    field.press("Enter")
    expect(field).to_have_value("")


def undo(page: Page) -> None:
    page.locator("[data-testid=button-undo]").click()


def test_undo_works_after_the_page_was_turned_and_the_theme_changed(both_pages, school):
    tutor, student = both_pages
    number = tutor.locator(".room-pages [aria-current]").inner_text()
    draw(tutor)
    draw(tutor, down=400)
    wait_for_elements(school, 2)
    tutor.locator(".room-pages button").first.click()
    expect(tutor.locator("[data-testid=button-undo]")).to_be_disabled()
    tutor.locator(".room-pages button").nth(int(number) - 1).click()
    wait_for_ink(tutor)
    undo(tutor)
    wait_for_elements(school, 1)
    tutor.emulate_media(color_scheme="dark")
    expect(tutor.locator(".excalidraw.theme--dark")).to_be_visible()
    wait_for_board(tutor)
    expect(tutor.locator("[data-testid=toolbar-freedraw]")).to_be_checked()
    undo(tutor)
    wait_for_elements(school, 0)
    tutor.locator("[data-testid=button-redo]").click()
    wait_for_elements(school, 1)
    tutor.emulate_media(color_scheme="light")
    wait_for_board(tutor)
    wait_for_ink(student)


def test_stroke_that_becomes_a_pinch_is_deleted_for_everyone(both_pages, school):
    tutor, student = both_pages
    select_tool(tutor, "freedraw")
    left, top = canvas_origin(tutor)
    x, y = left + 400, top + 300
    fingers = tutor.context.new_cdp_session(tutor)
    touch(fingers, "touchStart", (x, y))
    for step in range(1, 5):
        touch(fingers, "touchMove", (x + step * 20, y))
    wait_for_elements(school, 1)
    wait_for_ink(student)
    touch(fingers, "touchStart", (x + 80, y), (x + 200, y))
    touch(fingers, "touchMove", (x + 80, y), (x + 300, y))
    touch(fingers, "touchEnd")
    wait_for_elements(school, 0)
    wait_until(lambda: count_ink(student) == 0)


def test_fingers_move_and_zoom_the_board_while_the_pen_draws(both_pages, school):
    tutor, _ = both_pages
    select_tool(tutor, "freedraw")
    left, top = canvas_origin(tutor)
    x, y = left + 500, top + 350
    device = tutor.context.new_cdp_session(tutor)

    def pen(kind: str, dx: float) -> None:
        event = {"type": kind, "x": x + dx, "y": y, "button": "left", "buttons": 1, "force": 0.5}
        held = {**event, "clickCount": 1, "pointerType": "pen"}
        device.send("Input.dispatchMouseEvent", held)

    pen("mousePressed", 0)
    for step in range(1, 15):
        pen("mouseMoved", step * 8)
    pen("mouseReleased", 120)
    wait_for_elements(school, 1)
    expect(tutor.locator(".ToolIcon__penMode input").first).to_be_checked()
    before = tutor.evaluate(INK_LEFT)
    touch(device, "touchStart", (x, y + 100))
    for step in range(1, 11):
        touch(device, "touchMove", (x + step * 10, y + 100))
    touch(device, "touchEnd")
    wait_until(lambda: tutor.evaluate(INK_LEFT) > before + 60)
    zoom = tutor.locator(ZOOM).inner_text()
    touch(device, "touchStart", (x, y + 100), (x + 40, y + 100))
    for step in range(1, 11):
        touch(device, "touchMove", (x - step * 5, y + 100), (x + 40 + step * 5, y + 100))
    touch(device, "touchEnd")
    expect(tutor.locator(ZOOM)).not_to_have_text(zoom)
    assert len(last_page_elements(school)) == 1
    tutor.locator(ZOOM).click()
    tutor.locator(".ToolIcon__penMode").first.click()


# The leftmost dark pixel of the board.
INK_LEFT = """() => {
  const canvas = document.querySelector('.excalidraw canvas.static');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  let left = width;
  for (let at = 0; at < width * height; at += 1)
    if (data[4 * at] < 90 && data[4 * at + 3] > 200) left = Math.min(left, at % width);
  return left;
}"""
