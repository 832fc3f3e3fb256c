"""Boards drawn with the layer of unchanged elements are, to the pixel, as without it."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.board import (
    DROP,
    canvas_origin,
    last_page_elements,
    make_black_png,
    select_tool,
    wait_for_board,
    wait_for_ink,
)
from tests.browser.hostile_board import BASE, OWN, HostileClient, hostile_client
from tests.browser.room_school import School, enter, make_school, open_as
from tests.browser.test_board import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]

MARKS = count(4)  # versions of the mark, see put()
STROKES = 300  # enough for a layer, which leaves out the last 32 elements
SIZE, OTHER_SIZE = {"width": 1280, "height": 860}, {"width": 1270, "height": 850}
# Counts what is drawn on the static canvas, and keeps its pixels for comparison.
TOOLS = """
  const { drawImage } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    if (this.canvas.matches('.static')) window.drawn += 1;
    return drawImage.apply(this, given);
  };
  const pixels = () => {
    const canvas = document.querySelector('.excalidraw canvas.static');
    if (canvas === null) return new Uint32Array(); // while the theme changes
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer);
  };
  const differing = (kept) => pixels().reduce((sum, one, at) => sum + (one !== kept[at]), 0);
  let last = null;
  window.board = {
    keep() { window.drawn = 0; window.kept = pixels(); last = null; },
    differing: () => differing(window.kept),
    shows: (colour) => pixels().includes(colour),
    /* Whether something else is shown than what was kept, and the same as at the last call. */
    isSettled() {
      const settled = last !== null && differing(last) === 0 && differing(window.kept) > 0;
      last = pixels();
      return settled;
    },
  };
"""


def element(kind: str, name: str, /, **values: Any) -> dict[str, Any]:
    """An element whose id is also its place in the order of drawing."""
    own = {"type": kind, "id": name, "index": name, "groupIds": []}
    return {**BASE, **OWN[kind], **own, **values}


def stroke(number: int, **values: Any) -> dict[str, Any]:
    x, y = 150.0 + number * 37 % 700, 120.0 + number * 53 % 500
    shade = f"#{number * 7919 % 0xFFFFFF:06x}"
    place = {"x": x, "y": y, "strokeColor": shade, "opacity": 40.0 + number % 61}
    return element("freedraw", f"d{number:04}", **{**place, **values})


def things() -> dict[str, dict[str, Any]]:
    """Elements of all kinds below the strokes, whose labels and frame are above them."""
    label = {"text": "Сума", "originalText": "Сума", "width": 60.0, "height": 25.0}
    bound = [{"id": "d9991", "type": "text"}]
    kinds = [
        element("rectangle", "c002", x=200.0, y=200.0, width=240.0, height=150.0)
        | {"boundElements": bound, "link": "https://example.com/"},
        element("text", "d9991", x=290.0, y=260.0, containerId="c002", **label),
        element("arrow", "c004", x=500.0, y=220.0, elbowed=False, boundElements=[])
        | {"boundElements": [{"id": "d9992", "type": "text"}]},
        element("text", "d9992", x=520.0, y=250.0, containerId="c004", **label),
        element("ellipse", "c006", x=600.0, y=330.0, angle=0.6),
        element("text", "c007", x=300.0, y=420.0, **label),
        element("line", "c008", x=560.0, y=420.0, frameId="d9990"),
        element("freedraw", "c009", x=610.0, y=470.0, frameId="d9990", opacity=50.0),
        element("frame", "d9990", x=570.0, y=430.0, width=70.0, height=60.0, opacity=80.0),
    ]
    return {one["id"]: one for one in kinds}


@pytest.fixture(scope="module")
def drawn_school(kreida) -> School:
    return make_school(kreida.url)


@pytest.fixture
def peer(drawn_school) -> Iterator[HostileClient]:
    with hostile_client(drawn_school) as client:
        yield client


@pytest.fixture(scope="module")
def tutor(chromium, drawn_school) -> Iterator[Page]:
    context = open_as(chromium, drawn_school.tutor, viewport=SIZE)
    context.add_init_script(TOOLS)
    page = enter(context, drawn_school.room)
    wait_for_board(page)
    left, top = canvas_origin(page)
    page.evaluate(DROP, [list(make_black_png(300, 200)), "image/png", left + 750, top + 450])
    wait_for_ink(page, more_than=20_000)
    wait_until(lambda: [one["status"] for one in last_page_elements(drawn_school)] == ["saved"])
    strokes = map(stroke, range(STROKES))
    with hostile_client(drawn_school) as peer:
        put(page, peer, *things().values(), *strokes)
    page.keyboard.press("Escape")
    wait_for_fonts(page)
    yield page
    context.close()


@pytest.fixture
def page(tutor) -> Page:
    """The tutor's page, whose board has just been drawn as a whole, which stores a layer."""
    redraw(tutor)
    tutor.evaluate("board.keep()")
    return tutor


def redraw(page: Page) -> None:
    """Draw all elements again, as Excalidraw does when the window has another size."""
    for size in (OTHER_SIZE, SIZE):
        width = page.evaluate("document.querySelector('.excalidraw canvas.static').width")
        page.set_viewport_size(size)
        page.wait_for_function(
            "(width) => document.querySelector('.excalidraw canvas.static').width !== width",
            arg=width,
        )


def settle(page: Page) -> None:
    """Wait until the board shows a change, and no further one."""
    page.wait_for_function("() => board.isSettled()", polling=300, timeout=20_000)


def check_pixels(page: Page) -> None:
    """Check that what is drawn after a change is what is drawn as a whole; keep it."""
    settle(page)
    page.evaluate("board.keep()")
    redraw(page)
    assert page.evaluate("board.differing()") == 0


def wait_for_fonts(page: Page) -> None:
    """Wait until the texts' font has arrived, with which Excalidraw draws the texts anew."""
    page.wait_for_function(
        """() => document.fonts.status === 'loaded' && [...document.fonts].some(
          ({ family, status }) => family === 'Excalifont' && status === 'loaded')""",
        timeout=20_000,
    )


def put(page: Page, peer: HostileClient, *elements: dict[str, Any]) -> None:
    """Let somebody else change elements, and wait until the page shows all of them: the mark that
    they draw last has a new colour each time."""
    peer.set("elements:1", {one["id"]: one for one in elements})
    version = next(MARKS)
    mark = element("rectangle", "d9995", x=500.0, y=300.0, width=16.0, height=16.0, roundness=None)
    colour = {
        "backgroundColor": f"#{version:02x}ff00",
        "fillStyle": "solid",
        "strokeStyle": "solid",
    }
    peer.set("elements:1", {mark["id"]: {**mark, **colour, "version": float(version)}})
    page.wait_for_function(
        "(colour) => board.shows(colour)",
        arg=0xFF00FF00 | version,  # red is the first byte in memory
        polling=100,
        timeout=20_000,
    )


def test_only_new_strokes_are_drawn(page, peer):
    drawn = []
    for number in range(3):
        page.evaluate("board.keep()")
        put(page, peer, stroke(7000 + number, x=300.0, y=300.0 + 12 * number))
        drawn.append(page.evaluate("drawn"))
    # The layer is stored when a view is drawn for the second time, here by the first stroke.
    assert all(0 < each < STROKES / 2 for each in drawn[1:]), drawn
    check_pixels(page)


def test_growing_stroke(page, peer):
    for version in range(4, 9):
        points = [[0.0, 0.0], [90.0, 0.0], [90.0, 12.0 * version]]
        pressures = [0.5] * len(points)
        put(page, peer, stroke(7100, version=float(version), points=points, pressures=pressures))
    check_pixels(page)


CHANGES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "stroke in the middle moves": lambda: [stroke(150, x=500.0, y=90.0, version=4.0)],
    "stroke in the middle has another colour": lambda: [
        stroke(151, strokeColor="#0000ff", version=4.0)
    ],
    "stroke in the middle is deleted": lambda: [stroke(152, isDeleted=True, version=4.0)],
    "stroke comes to the front": lambda: [stroke(153, index="d7200", version=4.0)],
    "stroke goes to the back": lambda: [stroke(290, index="c001", version=4.0)],
    "label changes": lambda: [
        things()["d9991"] | {"text": "Добуток", "originalText": "Добуток", "version": 4.0}
    ],
    "arrow's label changes": lambda: [
        things()["d9992"] | {"text": "Дріб", "originalText": "Дріб", "version": 4.0}
    ],
    "labelled shape moves": lambda: [things()["c002"] | {"x": 230.0, "version": 5.0}],
    "frame moves": lambda: [things()["d9990"] | {"x": 590.0, "version": 4.0}],
    "frame fades": lambda: [things()["d9990"] | {"opacity": 30.0, "version": 5.0}],
    "frame is deleted": lambda: [things()["d9990"] | {"isDeleted": True, "version": 6.0}],
    "text is turned": lambda: [things()["c007"] | {"angle": 0.4, "version": 4.0}],
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_by_somebody_else(page, peer, change):
    put(page, peer, *CHANGES[change]())
    check_pixels(page)


def test_own_stroke_is_undone_and_redone(page):
    select_tool(page, "freedraw")
    left, top = canvas_origin(page)
    page.mouse.move(left + 300, top + 150)
    page.mouse.down()
    page.mouse.move(left + 500, top + 180, steps=5)
    page.mouse.up()
    check_pixels(page)
    for keys in ("Control+z", "Control+Shift+z"):
        page.keyboard.press(keys)
        check_pixels(page)


def test_strokes_below_the_eraser_fade_and_go(page):
    select_tool(page, "eraser")
    left, top = canvas_origin(page)
    page.mouse.move(left + 160, top + 500)
    page.mouse.down()
    page.mouse.move(left + 480, top + 560, steps=8)
    check_pixels(page)
    page.mouse.up()
    check_pixels(page)


def test_selected_element_is_dragged_and_its_link_icon_hidden(page):
    select_tool(page, "selection")
    left, top = canvas_origin(page)
    page.mouse.click(left + 645, top + 365)
    page.mouse.move(left + 645, top + 365)
    page.mouse.down()
    page.mouse.move(left + 700, top + 300, steps=5)
    check_pixels(page)
    page.mouse.up()
    page.keyboard.press("Control+a")
    check_pixels(page)
    select_tool(page, "freedraw")


def test_grid_and_dark_theme(page):
    page.get_by_role("button", name="Grid").click()
    check_pixels(page)
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        expect(page.locator(".excalidraw.theme--dark")).to_have_count(int(theme == "dark"))
        wait_for_board(page)
        check_pixels(page)


def test_board_is_moved_and_zoomed(page, peer):
    left, top = canvas_origin(page)
    page.mouse.move(left + 500, top + 300)
    page.mouse.wheel(33, 57)
    check_pixels(page)
    for version, turn in enumerate((-120, 90), start=4):
        page.keyboard.down("Control")
        page.mouse.wheel(0, turn)
        page.keyboard.up("Control")
        check_pixels(page)
        put(page, peer, stroke(7300, x=310.0 * version / 4, version=float(version)))
        check_pixels(page)


@pytest.mark.parametrize("file", ["/files/", r"/excalidraw/.*\.woff2"])
def test_picture_or_font_that_arrives_after_the_strokes(chromium, drawn_school, peer, tutor, file):
    context = open_as(chromium, drawn_school.tutor, viewport=SIZE)
    context.add_init_script(TOOLS)
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    context.route(re.compile(file), hold)
    page = enter(context, drawn_school.room)
    wait_for_board(page)
    if file == "/files/":
        put(page, peer)
        wait_for_fonts(page)
    else:
        wait_for_ink(page, more_than=20_000)
    page.evaluate("board.keep()")
    put(page, peer, stroke(7400, x=350.0 + len(file), y=200.0, version=float(len(file))))
    check_pixels(page)
    assert waiting
    for route in waiting:
        route.continue_()
    if file != "/files/":
        wait_for_fonts(page)
    check_pixels(page)
    context.close()
