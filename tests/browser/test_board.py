"""The board in two real browsers: the tutor with the light theme, the student with the dark."""

import json
import re
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.board import (
    HAS_MARKS,
    INK,
    canvas_origin,
    count_ink,
    draw,
    last_page_elements,
    select_tool,
    wait_for_dialog_to_close,
    wait_for_elements,
    wait_for_ink,
)

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
PASTE = """([text]) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
}"""


def test_pen_pressure_is_drawn_on_both_boards(both_pages, school):
    tutor, student = both_pages
    select_tool(tutor, "freedraw")
    pen = tutor.context.new_cdp_session(tutor)
    left, top = canvas_origin(tutor)

    def stroke(down: int, force: float) -> None:
        for step in range(21):
            kind = "mousePressed" if step == 0 else "mouseReleased" if step == 20 else "mouseMoved"
            where = {"x": left + 400 + step * 10, "y": top + down + step % 2}
            held = {"button": "left", "buttons": 1, "clickCount": 1}
            force_now = {"force": force if step < 20 else 0, "pointerType": "pen"}
            pen.send("Input.dispatchMouseEvent", {"type": kind, **where, **held, **force_now})

    stroke(200, 0.1)
    wait_for_ink(student)
    thin = count_ink(student)
    stroke(400, 0.9)
    wait_for_ink(student, more_than=3 * thin)
    light, heavy = wait_for_elements(school, 2)
    assert not light["simulatePressure"]
    assert max(light["pressures"][1:-1]) < 0.2
    assert min(heavy["pressures"][1:-1]) > 0.8


def test_finished_stroke_ends_where_the_pen_was_lifted(both_pages):
    tutor, student = both_pages
    select_tool(tutor, "freedraw")
    left, top = canvas_origin(tutor)
    tutor.mouse.move(left + 400, top + 300)
    tutor.mouse.down()
    for step in range(1, 5):
        tutor.mouse.move(left + 400 + step * 60, top + 300)
    tutor.mouse.up()
    tutor.wait_for_timeout(300)
    wait_for_ink(student, more_than=0.97 * count_ink(tutor))


def test_laser_trail_is_shown_and_not_stored(both_pages, school):
    tutor, student = both_pages
    select_tool(tutor, "LaserPointer")
    left, top = canvas_origin(tutor)
    tutor.mouse.move(left + 400, top + 200)
    tutor.mouse.down()
    trail = student.locator(".SVGLayer path")
    for step in range(60):
        tutor.mouse.move(left + 400 + step * 4, top + 200 + step * 3)
        tutor.wait_for_timeout(20)
        if trail.count() and trail.first.get_attribute("d"):
            break
    expect(trail.first).to_have_attribute("d", re.compile("^M"))
    tutor.mouse.up()
    expect(trail).to_have_count(0)
    assert count_ink(student) == 0
    assert last_page_elements(school) == []


def test_cursor_is_labelled_with_the_name_of_its_user(both_pages):
    tutor, student = both_pages
    select_tool(tutor, "selection")
    left, top = canvas_origin(tutor)
    tutor.mouse.move(left + 300, top + 300, steps=4)
    student.wait_for_function("() => window.written.has('Тарас Вчитель')")
    assert not tutor.evaluate("() => window.written.has('Тарас Вчитель')")


def test_student_follows_the_tutor_until_choosing_a_page(both_pages):
    tutor, student = both_pages
    count = tutor.locator(".room-pages button").count()
    draw(tutor)
    wait_for_ink(student)
    student.get_by_role("button", name="Page 1", exact=True).click()
    expect(student.get_by_role("button", name="Follow the tutor", pressed=False)).to_be_visible()
    tutor.get_by_role("button", name="New page").click()
    expect(student.locator(".room-pages button")).to_have_count(count + 1)
    expect(student.locator(".room-pages [aria-current]")).to_have_text("1")
    student.get_by_role("button", name="Follow the tutor").click()
    expect(student.locator(".room-pages [aria-current]")).to_have_text(str(count + 1))


def test_student_follows_the_viewport_until_moving_and_can_be_brought_back(both_pages):
    tutor, student = both_pages
    follow = student.get_by_role("button", name="Follow the tutor")
    if follow.get_attribute("aria-pressed") == "false":
        follow.click()
    draw(tutor)
    wait_for_ink(student)
    scroll(tutor, 4000, 3000)
    student.wait_for_function(f"() => ({INK})() === 0")
    draw(tutor)
    wait_for_ink(student)
    scroll(student, -3000, 0)
    expect(follow).to_have_attribute("aria-pressed", "false")
    student.wait_for_function(f"() => ({INK})() === 0")
    tutor.get_by_role("button", name="Bring everyone to my view").click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    wait_for_ink(student)


def scroll(page: Page, x: int, y: int) -> None:
    left, top = canvas_origin(page)
    page.mouse.move(left + 500, top + 300)
    page.mouse.wheel(x, y)


def test_viewport_of_the_student_moves_to_the_drawing(both_pages):
    tutor, student = both_pages
    scroll(tutor, 4000, 3000)
    draw(tutor)
    wait_for_ink(tutor)
    wait_for_ink(student)


def test_removed_page_disappears_from_both_boards(both_pages):
    tutor, student = both_pages
    count = tutor.locator(".room-pages button").count()
    expect(student.get_by_role("button", name="Delete page")).to_have_count(0)
    tutor.get_by_role("button", name="Delete page").click()
    tutor.get_by_role("dialog").get_by_role("button", name="Delete page").click()
    for page in both_pages:
        expect(page.locator(".room-pages button")).to_have_count(count - 1)
    expect(student.locator(".room-pages [aria-current]")).to_have_text(
        tutor.locator(".room-pages [aria-current]").inner_text()
    )


def submit_formula(page: Page, latex: str, button: str) -> None:
    page.get_by_label("LaTeX").fill(latex)
    page.get_by_role("button", name=button).click()
    wait_for_dialog_to_close(page)


def test_formula_can_be_edited_and_has_the_ink_colour_in_both_themes(both_pages, school):
    tutor, student = both_pages
    tutor.get_by_role("button", name="Formula", exact=True).click()
    submit_formula(tutor, r"\frac{a}{b}", "Add to board")
    wait_for_ink(student)
    wait_for_ink(tutor)
    assert 0.2 * count_ink(tutor) < count_ink(student) < 2 * count_ink(tutor)
    select_tool(tutor, "selection")
    box = tutor.locator(".excalidraw canvas.interactive").bounding_box()
    tutor.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tutor.get_by_role("heading", name="Edit formula")).to_be_visible()
    expect(tutor.get_by_label("LaTeX")).to_have_value(r"\frac{a}{b}")
    before = count_ink(student)
    submit_formula(tutor, r"\frac{a + b + c + d + e}{f}", "Save")
    wait_for_ink(student, more_than=before)
    (element,) = wait_for_elements(school, 1)
    assert element["customData"]["latex"] == r"\frac{a + b + c + d + e}{f}"


def test_formula_stays_in_the_dialog_when_its_upload_fails(both_pages, school):
    _, student = both_pages
    student.get_by_role("button", name="Formula", exact=True).click()
    student.get_by_label("LaTeX").fill("e^x")
    expect(student.get_by_label("Preview").locator(".katex")).to_be_visible()
    student.context.set_offline(True)
    student.get_by_role("button", name="Add to board").click()
    expect(student.get_by_text("The picture could not be saved.")).to_be_visible()
    student.context.set_offline(False)
    student.get_by_role("button", name="Add to board").click()
    wait_for_dialog_to_close(student)
    (element,) = wait_for_elements(school, 1)
    assert element["customData"]["latex"] == "e^x"


def test_grid_button_shows_and_hides_the_grid(both_pages):
    tutor, _ = both_pages
    assert not tutor.evaluate(HAS_MARKS)
    tutor.get_by_role("button", name="Grid").click()
    tutor.wait_for_function(HAS_MARKS)
    tutor.get_by_role("button", name="Grid").click()
    tutor.wait_for_function(f"() => !({HAS_MARKS})()")


def test_page_is_exported_as_png(both_pages):
    tutor, student = both_pages
    draw(student)
    wait_for_ink(tutor)
    tutor.get_by_role("button", name="Export", exact=True).click()
    tutor.get_by_role("radio", name="PNG").check()
    with tutor.expect_download() as saved:
        tutor.get_by_role("button", name="Save file").click()
    picture = saved.value.path().read_bytes()
    assert saved.value.suggested_filename == "Дроби.png"
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    # Twice the stroke and its margin.
    assert 2 * 174 < width < 2 * 260
    assert 2 * 32 < height < 2 * 110


def strokes_clipboard(count: int, points: int) -> str:
    """Return strokes in Excalidraw's clipboard format, about 17 bytes per point."""
    line = [[at / 3, at % 7 / 3] for at in range(points)]
    base = {
        "type": "freedraw", "angle": 0, "strokeColor": "#1e1e1e", "backgroundColor": "transparent",
        "fillStyle": "solid", "strokeWidth": 2, "strokeStyle": "solid", "roughness": 1,
        "opacity": 100, "groupIds": [], "frameId": None, "seed": 1, "version": 3,
        "versionNonce": 1, "isDeleted": False, "boundElements": None, "updated": 1, "link": None,
        "locked": False, "pressures": [], "simulatePressure": True, "lastCommittedPoint": None,
        "width": points / 3, "height": 2, "points": line,
    }  # fmt: skip
    made = [{**base, "id": f"s{at}", "x": at % 30 * 9, "y": at // 30 * 9} for at in range(count)]
    return json.dumps({"type": "excalidraw/clipboard", "elements": made, "files": {}})


def paste(page: Page, text: str) -> None:
    left, top = canvas_origin(page)
    select_tool(page, "selection")
    page.mouse.click(left + 500, top + 300)
    page.evaluate(PASTE, [text])


def test_text_in_an_unshipped_font_is_drawn_without_console_errors(both_pages):
    """Font family 9 is Liberation Sans, which Excalidraw knows but does not offer in its menu."""
    tutor, student = both_pages
    text = {"type": "text", "id": "t", "x": 0, "y": 0, "width": 90, "height": 25, "text": "Дріб"}
    text |= {"originalText": text["text"], "fontSize": 20, "fontFamily": 9}
    tutor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    left, top = canvas_origin(tutor)
    with console_errors(tutor) as problems:
        paste(tutor, json.dumps({"type": "excalidraw/clipboard", "elements": [text]}))
        wait_for_ink(student)
        tutor.mouse.click(left + 500, top + 300, button="right")
        tutor.get_by_text("Copy to clipboard as SVG").click()
        wait_until(lambda: "Дріб" in tutor.evaluate("navigator.clipboard.readText()"))
    assert problems == []


@contextmanager
def console_errors(page: Page) -> Iterator[list[str]]:
    """Collect the console errors of a page, including requests answered with 404."""
    found: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.append(message.text)

    page.on("console", listen)
    yield found
    page.remove_listener("console", listen)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.1)
