"""A call of four people."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.conftest import launch
from tests.browser.room_school import enter, make_school, open_as
from tests.browser.test_room import FLAGS, FRAMES

# Twelve videos are encoded in software, on two cores: five frames a second are enough.
SLOW_CAMERA = "--use-fake-device-for-media-stream=fps=5"
pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    found = launch(playwright, *FLAGS, SLOW_CAMERA)
    yield found
    found.close()


def wait_for_videos(page: Page, people: int) -> None:
    """Wait for the tiles of `people` others, each with video."""
    expect(page.locator(".room-tile:not(.own)")).to_have_count(people, timeout=20000)
    page.wait_for_function(f"() => ({FRAMES})() > 20", timeout=120_000)  # encoded in software


def test_four_people_all_see_each_other(browser, kreida):
    school = make_school(kreida.url)
    with ExitStack() as stack:
        people = [school.tutor, school.student, None, None]
        contexts = [stack.enter_context(closing(open_as(browser, who))) for who in people]
        pages = [enter(context, school.room) for context in contexts[:2]]
        for number, context in enumerate(contexts[2:], 1):
            page = context.new_page()
            page.goto(school.invite())
            page.get_by_label("Your name").fill(f"Guest {number}")
            page.get_by_role("button", name="Enter as a guest").click()
            page.get_by_role("button", name="Enter the room").click()
            pages[0].get_by_role("button", name="Admit", exact=True).click()
            pages.append(page)
        for page in pages:
            wait_for_videos(page, 3)
