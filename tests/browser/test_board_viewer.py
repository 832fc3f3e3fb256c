"""The board after a lesson, seen without entering the room."""

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.board import TIMEOUT_MS, draw, wait_for_board, wait_for_elements
from tests.browser.hostile_board import GOOD, GOOD_INK, hostile_client
from tests.browser.room_school import enter, make_school, open_as
from tests.browser.test_board_input import touch

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
DARK_PIXELS = """canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 0 && value < 120).length;
}"""


def draw_as_tutor(chromium: Browser, kreida):
    """Return a new school, the tutor's browser, and the room in which the tutor drew a stroke."""
    school = make_school(kreida.url)
    tutor = open_as(chromium, school.tutor)
    room = enter(tutor, school.room)
    wait_for_board(room)
    draw(room)
    wait_for_elements(school, 1)
    return school, tutor, room


def test_board_is_seen_without_room_camera_sockets_or_attendance(chromium: Browser, kreida):
    school, tutor, room = draw_as_tutor(chromium, kreida)
    room.close()
    student = open_as(chromium, school.student)
    page = student.new_page()
    sockets, errors = [], []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script("navigator.mediaDevices.getUserMedia = () => { throw Error('camera'); }")
    page.goto(f"{school.url}/lessons/{school.lesson_id}/board/")
    canvas = page.locator("#board canvas")
    expect(canvas).to_have_count(1, timeout=TIMEOUT_MS)
    assert canvas.evaluate(DARK_PIXELS) > 100
    assert (sockets, errors) == ([], [])
    url = f"{school.url}/api/classroom/sessions/{school.session_uuid}/attendance/"
    headers = {"Authorization": f"Bearer {school.tutor.token}"}
    people = [row["person"]["role"] for row in httpx.get(url, headers=headers).json()["results"]]
    assert people == ["tutor"]
    for context in (tutor, student):
        context.close()


# The canvas in the coordinates of its window.
BOX = """window => {
  const boxOf = element => element.getBoundingClientRect();
  const [outer, inner] = [boxOf(window), boxOf(window.querySelector('canvas'))];
  return { x: inner.x - outer.x, y: inner.y - outer.y, width: inner.width };
}"""


def open_viewer(context, school) -> Page:
    page = context.new_page()
    page.goto(f"{school.url}/lessons/{school.lesson_id}/board/")
    expect(page.locator("#board canvas")).to_have_count(1, timeout=TIMEOUT_MS)
    return page


@pytest.fixture(scope="module")
def drawn_school(chromium: Browser, kreida):
    """A board with two pages, of which each has a stroke."""
    school, tutor, room = draw_as_tutor(chromium, kreida)
    room.get_by_role("button", name="New page").click()
    wait_for_elements(school, 0)
    draw(room)
    wait_for_elements(school, 1)
    tutor.close()
    return school


def test_viewer_zooms_and_pans_by_buttons_keys_wheel_and_mouse(chromium: Browser, drawn_school):
    size = {"width": 600, "height": 700}
    context = open_as(chromium, drawn_school.student, viewport=size)
    page = open_viewer(context, drawn_school)
    window = page.locator(".board-window")
    fitting = window.evaluate(BOX)
    page.get_by_role("button", name="Zoom in").click()
    assert window.evaluate(BOX)["width"] == pytest.approx(fitting["width"] * 1.25, rel=0.01)
    window.focus()
    for _ in range(9):
        page.keyboard.press("+")
    zoomed = window.evaluate(BOX)
    page.keyboard.press("ArrowRight")
    assert window.evaluate(BOX)["x"] == pytest.approx(zoomed["x"] - 60, abs=1)
    box = window.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 30, middle[1])
    page.mouse.up()
    assert window.evaluate(BOX)["x"] == pytest.approx(zoomed["x"] - 30, abs=1)
    page.keyboard.down("Control")
    page.mouse.wheel(0, 100)
    page.keyboard.up("Control")
    page.wait_for_function(
        "width => document.querySelector('#board canvas').getBoundingClientRect().width < width",
        arg=zoomed["width"],
    )
    page.get_by_role("button", name="Fit page").click()
    assert window.evaluate(BOX) == fitting
    context.close()


def test_viewer_turns_pages(chromium: Browser, drawn_school):
    context = open_as(chromium, drawn_school.student)
    page = open_viewer(context, drawn_school)
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("img", name="Page 2")).to_be_visible()
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()
    page.locator(".board-window").press("PageUp")
    expect(page.get_by_role("img", name="Page 1")).to_be_visible()
    context.close()


def test_viewer_says_that_a_later_page_cannot_be_shown(chromium: Browser, drawn_school):
    context = open_as(chromium, drawn_school.student)
    page = open_viewer(context, drawn_school)
    page.evaluate(
        "() => { const proto = HTMLCanvasElement.prototype; window.real = proto.getContext;"
        " proto.getContext = () => { throw new Error('no memory'); }; }"
    )
    page.get_by_role("button", name="Next page").click()
    expect(page.locator(".board-window")).to_have_text("This page could not be shown.")
    page.evaluate("() => { HTMLCanvasElement.prototype.getContext = window.real; }")
    page.get_by_role("button", name="Previous page").click()
    expect(page.get_by_role("img", name="Page 1")).to_be_visible()
    context.close()


def test_viewer_zooms_by_two_fingers(chromium: Browser, drawn_school):
    phone = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    context = open_as(chromium, drawn_school.student, **phone)
    page = open_viewer(context, drawn_school)
    window = page.locator(".board-window")
    fitting = window.evaluate(BOX)
    box = window.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touches = context.new_cdp_session(page)
    for kind, apart in (("touchStart", 40), ("touchMove", 80), ("touchMove", 120)):
        touch(touches, kind, (x - apart, y), (x + apart, y))
    touch(touches, "touchEnd")
    assert window.evaluate(BOX)["width"] == pytest.approx(fitting["width"] * 3, rel=0.1)
    assert page.evaluate("visualViewport.scale") == 1
    context.close()


def test_element_far_away_does_not_make_the_others_invisible(chromium: Browser, kreida):
    school = make_school(kreida.url)
    far = {**GOOD, "id": "far", "x": 9e6, "y": -9e6}
    with hostile_client(school) as client:
        client.set("elements:1", {"good": GOOD, "other": {**GOOD, "id": "other"}, "far": far})
    wait_for_elements(school, 3)
    context = open_as(chromium, school.student)
    page = open_viewer(context, school)
    assert page.locator("#board canvas").evaluate(DARK_PIXELS) > GOOD_INK
    context.close()
