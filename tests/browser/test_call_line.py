"""The call over a TURN relay only: when the relay restarts, and with low bandwidth."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.browser.conftest import launch
from tests.browser.room_school import School, enter, make_school, open_as
from tests.browser.test_room import FLAGS, FRAMES
from tests.server import free_port, start_kreida, stop_kreida

pytestmark = [
    pytest.mark.browser,
    pytest.mark.turn,
    pytest.mark.any_database,
    pytest.mark.xdist_group("kreida"),
]
SECRET = "a secret that coturn and Kreida share"
# Bytes per second; enough for audio only.
LOW_BANDWIDTH = 8000

REMEMBER_CONNECTIONS = """
  window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) { super(...given); window.connections.push(this); }
  };
"""
SOUND = """async () => {
  for (const stat of (await window.connections.at(-1).getStats()).values())
    if (stat.type === 'inbound-rtp' && stat.kind === 'audio')
      return [stat.packetsReceived, stat.packetsLost, stat.totalAudioEnergy];
}"""


class Relay:
    """coturn on loopback, which a test can restart and limit in bandwidth."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"turn:127.0.0.1:{self.port}?transport=udp"

    def start(self, bytes_a_second: int = 0) -> None:
        options = (
            f"--use-auth-secret --realm=kreida --listening-ip=127.0.0.1 --relay-ip=127.0.0.1 "
            f"--listening-port={self.port} --allow-loopback-peers --no-tls --no-dtls --no-cli -n "
            f"--pidfile={self.folder}/pid --log-file={self.folder}/log --simple-log "
            f"--max-bps={bytes_a_second}"
        )
        self.process = subprocess.Popen(
            ["turnserver", f"--static-auth-secret={SECRET}", *options.split()],
            stdout=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    found = launch(playwright, *FLAGS)
    yield found
    found.close()


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Relay:
    return Relay(tmp_path_factory.mktemp("coturn"))


@pytest.fixture(scope="module")
def relayed_school(
    tmp_path_factory: pytest.TempPathFactory, kreida_seed: Path, relay: Relay
) -> Iterator[School]:
    data_dir = tmp_path_factory.mktemp("relayed") / "data"
    server = start_kreida(data_dir, kreida_seed, TURN_URLS=relay.url, TURN_SECRET=SECRET)
    yield make_school(server.url)
    stop_kreida(server)


@pytest.fixture
def call(browser: Browser, relayed_school: School, relay: Relay) -> Iterator:
    """Start a call of two users over the relay only, with the given bandwidth."""

    def begin(bytes_a_second: int = 0) -> list[Page]:
        relay.start(bytes_a_second)
        stack.callback(relay.stop)
        pages = []
        for who in (relayed_school.tutor, relayed_school.student):
            context: BrowserContext = stack.enter_context(closing(open_as(browser, who)))
            context.add_init_script(REMEMBER_CONNECTIONS)
            pages.append(enter(context, f"{relayed_school.room}?relay=1"))
        return pages

    with ExitStack() as stack:
        yield begin


def wait_for_video_frames(pages: list[Page]) -> None:
    """Wait until each page is connected and receives new video frames."""
    for page in pages:
        page.locator(".room-tile[data-state=connected]").wait_for(timeout=60000)
        seen = page.evaluate(FRAMES)
        page.wait_for_function(f"() => ({FRAMES})() > {seen} + 20", timeout=60000)


def test_call_works_over_the_relay_only_with_expiring_credentials(relayed_school, call):
    join = f"/api/classroom/sessions/{relayed_school.session_uuid}/join/"
    (server,) = relayed_school.request("POST", join, {})["ice_servers"]
    assert server["username"].split(":")[0].isdigit()
    wait_for_video_frames(call())


def test_connection_test_passes_a_packet_through_the_relay_or_says_it_is_blocked(
    browser, relayed_school, relay
):
    with closing(open_as(browser, relayed_school.student)) as context:
        page = context.new_page()
        page.goto(relayed_school.room)
        relay.start()
        page.get_by_role("button", name="Test the connection").click()
        expect(page.get_by_text("The connection works. Delay:")).to_be_visible(timeout=10000)
        relay.stop()
        page.get_by_role("button", name="Test the connection").click()
        expect(page.get_by_text("Your network blocks calls.")).to_be_visible(timeout=15000)


def test_call_reconnects_after_the_relay_restarts(call, relay):
    pages = call()
    wait_for_video_frames(pages)
    relay.stop()
    for page in pages:
        expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=60000)
    relay.start()
    wait_for_video_frames(pages)
    assert [page.evaluate("window.connections.length") for page in pages] == [1, 1]


def test_video_is_paused_on_low_bandwidth_and_resumes_afterwards(call, relay):
    pages = call(LOW_BANDWIDTH)
    for page in pages:
        expect(page.get_by_text("your video is paused")).to_be_visible(timeout=60000)
        expect(page.get_by_text("Weak connection: sound only")).to_be_visible(timeout=60000)
    for page in pages:
        wait_for_intact_audio(page)
    relay.stop()
    relay.start()
    for page in pages:
        expect(page.get_by_text("your video is paused")).to_have_count(0, timeout=90000)
    wait_for_video_frames(pages)


def wait_for_intact_audio(page: Page) -> None:
    """Wait until at most 5 % of the audio packets are lost and the audio is not silent."""
    deadline = 30
    for _ in range(deadline):
        received, lost, energy = page.evaluate(SOUND)
        page.wait_for_timeout(2000)
        received_now, lost_now, energy_now = page.evaluate(SOUND)
        if lost_now - lost <= 0.05 * (received_now - received) and energy_now > energy:
            return
    raise AssertionError("Too many audio packets are lost.")
