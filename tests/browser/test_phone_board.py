"""The board on a student's phone, while the tutor draws on a laptop."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.board import INK, TIMEOUT_MS, draw, wait_for_board, wait_for_ink
from tests.browser.room_school import enter, make_school, open_as
from tests.browser.test_board import scroll
from tests.browser.test_board_input import touch

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def both(chromium: Browser, kreida) -> Iterator[tuple[Page, Page]]:
    """The tutor's page on a laptop and the student's on a phone."""
    school = make_school(kreida.url)
    contexts = [open_as(chromium, school.tutor), open_as(chromium, school.student, **PHONE)]
    for context in contexts:
        context.set_default_timeout(TIMEOUT_MS)
    pages = [enter(context, school.room) for context in contexts]
    for page in pages:
        wait_for_board(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def pinch(page: Page, selector: str) -> None:
    """Move two fingers apart in the middle of an element."""
    box = page.locator(selector).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), *(("touchMove", 30 + 10 * step) for step in range(10))):
        touch(fingers, kind, (x - apart, y), (x + apart, y))
    touch(fingers, "touchEnd")
    fingers.detach()


def test_phone_follows_the_tutors_view_until_fingers_move_the_board(both):
    tutor, phone = both
    follow = phone.get_by_role("button", name="Follow the tutor")
    expect(follow).to_have_attribute("aria-pressed", "true")
    draw(tutor)
    wait_for_ink(phone)
    scroll(tutor, 4000, 3000)
    phone.wait_for_function(f"() => ({INK})() === 0")
    draw(tutor)
    wait_for_ink(phone)
    pinch(phone, ".excalidraw canvas.interactive")
    expect(follow).to_have_attribute("aria-pressed", "false")
    scroll(tutor, -4000, -3000)
    follow.tap()
    expect(follow).to_have_attribute("aria-pressed", "true")
    wait_for_ink(phone)


@pytest.mark.parametrize("bar", [".room-head", ".room-board-bar", ".room-controls"])
def test_fingers_on_a_bar_do_not_zoom_the_page(both, bar):
    _, phone = both
    page = enter(phone.context, phone.url)
    wait_for_board(page)
    pinch(page, bar)
    assert page.evaluate("visualViewport.scale") == 1
    # The control: the same fingers zoom where nothing prevents it.
    page.add_style_tag(content=f"{bar}, {bar} * {{ touch-action: auto !important }}")
    pinch(page, bar)
    page.wait_for_function("visualViewport.scale > 1.2")
    page.close()
