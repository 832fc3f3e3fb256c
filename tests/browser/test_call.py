"""The call beyond two people on one machine: four at once, and by way of a relay only."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.conftest import CHROMIUM
from tests.browser.room_school import School, enter, make_school, open_as
from tests.browser.test_room import FLAGS, FRAMES, board_is_open
from tests.server import free_port, start_kreida, stop_kreida

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
SECRET = "a secret that coturn and Kreida share"


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield found
    found.close()


def sees(page: Page, people: int) -> None:
    """That many others, each with moving pictures."""
    expect(page.locator(".room-tile:not(.own)")).to_have_count(people, timeout=20000)
    page.wait_for_function(f"() => ({FRAMES})() > 20", timeout=30000)


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
            pages[0].get_by_role("button", name="Let in", exact=True).click()
            pages.append(page)
        for page in pages:
            sees(page, 3)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[str]:
    """coturn on loopback; its address as TURN_URLS wants it."""
    port = free_port()
    options = (
        f"--use-auth-secret --realm=kreida --listening-ip=127.0.0.1 --relay-ip=127.0.0.1 "
        f"--listening-port={port} --allow-loopback-peers --no-tls --no-dtls --no-cli -n "
        f"--pidfile={tmp_path}/pid --log-file={tmp_path}/log --simple-log"
    )
    process = subprocess.Popen(
        ["turnserver", f"--static-auth-secret={SECRET}", *options.split()],
        stdout=subprocess.DEVNULL,
    )
    yield f"turn:127.0.0.1:{port}?transport=udp"
    process.terminate()
    process.wait(10)


@pytest.fixture
def relayed_school(tmp_path: Path, kreida_seed: Path, relay: str) -> Iterator[School]:
    server = start_kreida(tmp_path / "data", kreida_seed, TURN_URLS=relay, TURN_SECRET=SECRET)
    yield make_school(server.url)
    stop_kreida(server)


@pytest.mark.turn
def test_a_call_goes_by_the_relay_alone_with_credentials_that_expire(browser, relayed_school):
    school = relayed_school
    join = f"/api/classroom/sessions/{school.session_uuid}/join/"
    (server,) = school.ask("POST", join, {})["ice_servers"]
    assert server["username"].split(":")[0].isdigit()
    with ExitStack() as stack:
        pages = []
        for who in (school.tutor, school.student):
            context = stack.enter_context(closing(open_as(browser, who)))
            pages.append(enter(context, f"{school.room}?relay=1"))
        for page in pages:
            sees(page, 1)


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_core_finds_no_barrier_in_the_room(browser, kreida, width):
    school = make_school(kreida.url)
    with closing(
        open_as(browser, school.tutor, viewport={"width": width, "height": 844})
    ) as context:
        page = context.new_page()
        page.goto(school.room)
        page.get_by_role("button", name="Enter the room").wait_for()
        assert barriers(page) == []
        page.get_by_role("button", name="Enter the room").click()
        board_is_open(page)
        assert barriers(page) == []


def barriers(page: Page) -> list[str]:
    """What axe-core finds outside Excalidraw, whose own controls are not ours to mend."""
    found = Axe().run(page, context={"exclude": [[".excalidraw"]]})
    return [f"{v['id']}: {node['html'][:120]}" for v in found["violations"] for node in v["nodes"]]
