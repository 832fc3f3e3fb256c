"""The room beside its board: devices, timer, notes, tabs and attendance, with two users."""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.sync_api import Browser, Page, Playwright, WebSocket, expect

from tests.browser.conftest import launch
from tests.browser.room_school import School, enter, make_school, open_as
from tests.browser.test_room import FLAGS, FRAMES
from tests.server import Kreida

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
FAKE_UI = "--use-fake-ui-for-media-stream"
TWO_CAMERAS = "--use-fake-device-for-media-stream=device-count=2"
OTHER = ".room-tile:not(.own)"
SENT = """async () => {
  const sent = window.connections.at(-1).getSenders().map((sender) => sender.track?.label);
  return { microphone: sent[0], camera: sent[1] };
}"""
REMEMBER_CONNECTIONS = """
  window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) { super(...given); window.connections.push(this); }
  };
"""


@dataclass
class Room:
    """A connected tutor and student, and all text frames that the student has received."""

    school: School
    tutor: Page
    student: Page
    frames: list[str] = field(default_factory=list)


def launch_with_cameras(playwright: Playwright, *flags: str) -> Browser:
    return launch(playwright, TWO_CAMERAS, *flags)


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    found = launch_with_cameras(playwright, FAKE_UI, *FLAGS[2:])
    yield found
    found.close()


@pytest.fixture(scope="module")
def school(kreida: Kreida) -> School:
    return make_school(kreida.url)


@pytest.fixture(scope="module")
def room(browser: Browser, school: School) -> Iterator[Room]:
    """Shared by the tests of this file; each test restores its state."""
    contexts = [open_as(browser, who) for who in (school.tutor, school.student)]
    frames: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on(
            "framereceived", lambda frame: frames.append(frame) if isinstance(frame, str) else None
        )

    contexts[1].on("page", lambda page: page.on("websocket", listen))
    for context in contexts:
        context.add_init_script(REMEMBER_CONNECTIONS)
    pages = [enter(context, school.room) for context in contexts]
    for page in pages:
        wait_for_video(page)
    yield Room(school, pages[0], pages[1], frames)
    for context in contexts:
        context.close()


def wait_for_video(page: Page) -> None:
    page.locator(f"{OTHER}[data-state=connected]").wait_for(timeout=30000)
    seen = page.evaluate(FRAMES)
    page.wait_for_function(f"() => ({FRAMES})() > {seen}", timeout=30000)


def test_selected_camera_and_microphone_replace_the_sent_tracks(room):
    before = room.tutor.evaluate(SENT)
    room.tutor.get_by_role("button", name="Devices").click()
    dialog = room.tutor.get_by_role("dialog")
    dialog.get_by_label("Camera").select_option(label="fake_device_1")
    dialog.get_by_role("combobox", name="Microphone").select_option(label="Fake Audio Input 2")
    room.tutor.wait_for_function(f"async () => (await ({SENT})()).camera === 'fake_device_1'")
    room.tutor.wait_for_function(
        f"async () => (await ({SENT})()).microphone === 'Fake Audio Input 2'"
    )
    assert before == {"camera": "fake_device_0", "microphone": "Fake Default Audio Input"}
    # A connection gets no frames of Chromium's second fake camera.
    dialog.get_by_label("Camera").select_option(label="fake_device_0")
    dialog.get_by_role("button", name="Close").click()
    wait_for_video(room.student)


def test_connection_quality_is_shown_only_to_the_tutor(room):
    sign = room.tutor.locator(f"{OTHER} .room-quality")
    expect(sign).to_have_attribute("aria-label", re.compile("connection: delay"), timeout=30000)
    room.student.get_by_role("tab", name="People").click()
    expect(room.student.locator(".room-people li")).to_have_count(2)
    expect(room.student.locator(".room-quality")).to_have_count(0)
    assert any('"type":"welcome"' in frame for frame in room.frames)
    assert not any('"type":"quality"' in frame for frame in room.frames)
    room.student.get_by_role("tab", name="Chat").click()


def test_timer_is_the_same_for_both_and_continues_after_a_reload(room):
    room.tutor.get_by_role("button", name="Set timer").click()
    room.tutor.get_by_label("Minutes").fill("20")
    room.tutor.get_by_role("button", name="Start").click()
    for page in (room.tutor, room.student):
        expect(page.get_by_role("timer")).to_have_text(re.compile(r"^19:\d\d$"))
    left = [seconds_left(page) for page in (room.tutor, room.student)]
    assert abs(left[0] - left[1]) <= 2
    room.student.reload()
    expect(room.student.get_by_role("timer")).to_have_text(re.compile(r"^19:\d\d$"))
    room.student.wait_for_function(
        f"() => document.querySelector('[role=timer]').textContent < '{format_clock(left[1])}'"
    )
    assert room.student.get_by_role("button", name="Set timer").count() == 0
    room.tutor.get_by_role("button", name="Set timer").click()
    room.tutor.get_by_role("button", name="Clear timer").click()
    expect(room.student.get_by_role("timer")).to_have_count(0)


def seconds_left(page: Page) -> int:
    minutes, seconds = page.get_by_role("timer").inner_text().split(":")
    return int(minutes) * 60 + int(seconds)


def format_clock(seconds: int) -> str:
    return f"{seconds // 60:02}:{seconds % 60:02}"


def test_notes_are_saved_and_never_sent_to_the_student(room):
    room.tutor.get_by_role("tab", name="Notes").click()
    notes = room.tutor.get_by_label("Private notes")
    notes.fill("Needs more fractions")
    expect(room.tutor.get_by_text("Saved", exact=True)).to_be_visible()
    room.tutor.reload()
    room.tutor.get_by_role("tab", name="Notes").click()
    expect(notes).to_have_value("Needs more fractions")
    room.tutor.get_by_role("tab", name="Chat").click()
    assert room.student.get_by_role("tab", name="Notes").count() == 0
    school = room.school
    answer = httpx.get(
        f"{school.url}/api/classroom/sessions/{school.session_uuid}/notes/",
        headers={"Authorization": f"Bearer {school.student.token}"},
    )
    assert answer.status_code == 403
    assert not any("fractions" in frame for frame in room.frames)


def test_user_with_two_tabs_is_one_participant_and_can_move_the_call(room):
    first, tiles = room.student, room.tutor.locator(OTHER)
    second = enter(first.context, room.school.room)
    wait_for_video(second)
    expect(first.get_by_text("You are in the call in another window")).to_be_visible()
    expect(tiles).to_have_count(1)
    room.tutor.get_by_role("tab", name="People").click()
    expect(room.tutor.locator(".room-people li")).to_have_count(2)
    second.get_by_role("button", name="Raise your hand").click()
    first.get_by_role("button", name="Lower your hand").click()
    expect(second.get_by_role("button", name="Raise your hand")).to_be_visible()
    first.get_by_role("button", name="Move the call here").click()
    wait_for_video(first)
    expect(second.get_by_text("You are in the call in another window")).to_be_visible()
    second.close()
    expect(tiles).to_have_count(1)
    expect(room.tutor.get_by_text("Олена Коваль left")).to_have_count(0)
    room.tutor.get_by_role("tab", name="Chat").click()
    wait_for_video(room.tutor)


def test_participant_leaves_when_their_browser_crashes(playwright, room):
    crashing = launch_with_cameras(playwright, FAKE_UI)
    guest = open_as(crashing, None).new_page()
    guest.goto(room.school.invite())
    guest.get_by_label("Your name").fill("Ada")
    guest.get_by_role("button", name="Enter as a guest").click()
    guest.get_by_role("button", name="Enter the room").click()
    room.tutor.get_by_role("button", name="Admit", exact=True).click()
    expect(room.student.locator(OTHER)).to_have_count(2)
    processes = crashing.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    (main,) = (each["id"] for each in processes["processInfo"] if each["type"] == "browser")
    os.kill(main, signal.SIGKILL)
    for page in (room.tutor, room.student):
        expect(page.get_by_text("Ada left")).to_be_visible(timeout=60000)
        expect(page.locator(OTHER)).to_have_count(1)
    (stay,) = [s for s in attendance(room.school) if s["person"]["name"] == "Ada"]
    assert stay["left_at"]


def attendance(school: School) -> list[dict]:
    return school.request("GET", f"/api/classroom/sessions/{school.session_uuid}/attendance/")[
        "results"
    ]


def test_denied_microphone_shows_instructions_and_does_not_block_entering(playwright, room):
    asking = launch_with_cameras(playwright)  # without FAKE_UI, which grants every permission
    page = open_as(asking, room.school.student, permissions=["camera"]).new_page()
    page.goto(room.school.room)
    words = page.locator(".room-check")
    expect(words).to_contain_text("allow the microphone, then press Try again")
    expect(words).not_to_contain_text("allow the camera")
    page.get_by_role("button", name="Enter the room").click()
    page.locator(".excalidraw canvas.interactive").wait_for(timeout=30000)
    page.get_by_label("Write a message").fill("No sound")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(room.tutor.locator(".room-messages .text").last).to_have_text("No sound")
    page.get_by_role("button", name="Turn the microphone on").click()
    expect(page.get_by_role("dialog", name="Devices")).to_contain_text("allow the microphone")
    wait_for_video(room.tutor)
    asking.close()


def test_ended_lesson_is_completed_and_its_page_lists_attendance(browser, kreida):
    school = make_school(kreida.url)
    tutor, student = (open_as(browser, who) for who in (school.tutor, school.student))
    page, other = enter(tutor, school.room), enter(student, school.room)
    wait_for_video(page)
    lesson = student.new_page()
    lesson.goto(f"{school.url}/lessons/{school.lesson_id}/")
    expect(lesson.locator(".badge")).to_have_text("live now")
    page.get_by_role("button", name="End lesson").click()
    page.get_by_role("dialog").get_by_role("button", name="End lesson").click()
    for each in (page, other):
        expect(each.get_by_role("heading", name="The lesson is over")).to_be_visible()
    page.get_by_role("link", name="Back to the lesson page").click()
    lesson.reload()
    for each in (page, lesson):
        expect(each.locator(".badge")).to_have_text("completed")
        there = each.locator("section", has_text="Attendance").locator("li")
        expect(there.filter(has_text="–")).to_have_count(2)
        expect(there.filter(has_text="in the room now")).to_have_count(0)
    other.get_by_role("button", name="Stay on the board").click()
    other.locator(".excalidraw canvas.interactive").wait_for(timeout=30000)
    for context in (tutor, student):
        context.close()


def stored_notes(school: School) -> str:
    return school.request("GET", f"/api/classroom/sessions/{school.session_uuid}/notes/")["text"]


def open_notes(page: Page) -> Page:
    page.get_by_role("tab", name="Notes").click()
    expect(page.get_by_label("Private notes")).to_be_enabled()
    return page


def test_notes_edited_in_two_tabs_are_both_kept(browser: Browser, kreida: Kreida):
    school = make_school(kreida.url, "Нотатки")
    context = open_as(browser, school.tutor)
    first, second = (open_notes(enter(context, school.room)) for _ in range(2))
    first.get_by_label("Private notes").fill("From the first")
    expect(first.get_by_text("Saved", exact=True)).to_be_visible()
    second.get_by_label("Private notes").fill("From the second")
    expect(second.get_by_label("The other version")).to_have_value("From the first")
    assert stored_notes(school) == "From the first"
    second.get_by_role("button", name="Keep both").click()
    expect(second.get_by_text("Saved", exact=True)).to_be_visible()
    assert stored_notes(school) == "From the second\n\nFrom the first"
    context.close()


def test_notes_written_offline_are_restored_after_the_tab_was_closed(
    browser: Browser, kreida: Kreida
):
    school = make_school(kreida.url, "Нотатки")
    context = open_as(browser, school.tutor)
    page = open_notes(enter(context, school.room))
    context.set_offline(True)
    page.get_by_label("Private notes").fill("Written in a tunnel")
    page.close()
    context.set_offline(False)
    again = open_notes(enter(context, school.room))
    expect(again.get_by_label("Private notes")).to_have_value("Written in a tunnel")
    expect(again.get_by_text("Saved", exact=True)).to_be_visible()
    assert stored_notes(school) == "Written in a tunnel"
    context.close()


# The page opens its devices through these, so that a test can take one away.
REMEMBER_TRACKS = """
  window.opened = {};
  const open = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wanted) {
    const stream = await open.call(this, wanted);
    for (const track of stream.getTracks()) window.opened[track.kind] = track;
    return stream;
  };
"""
UNPLUG = "(kind) => { opened[kind].stop(); opened[kind].dispatchEvent(new Event('ended')); }"
INTERRUPT = """([kind, muted]) => {
  Object.defineProperty(opened[kind], 'muted', { value: muted, configurable: true });
  opened[kind].dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
}"""


def test_lost_and_interrupted_devices_recover_and_are_remembered(browser: Browser, kreida: Kreida):
    school = make_school(kreida.url)
    contexts = [open_as(browser, who) for who in (school.tutor, school.student)]
    for context in contexts:
        context.add_init_script(REMEMBER_CONNECTIONS + REMEMBER_TRACKS)
    tutor, student = (enter(context, school.room) for context in contexts)
    wait_for_video(student)

    tutor.evaluate(UNPLUG, "audio")
    expect(tutor.get_by_text("Your microphone is now Fake Audio Input 1.")).to_be_visible()
    tutor.wait_for_function(f"async () => (await ({SENT})()).microphone === 'Fake Audio Input 1'")

    tutor.evaluate(INTERRUPT, ["audio", True])
    expect(tutor.get_by_text("is using your microphone. Nobody can hear you.")).to_be_visible()
    expect(student.get_by_text("Away for a moment")).to_be_visible()
    tutor.evaluate(INTERRUPT, ["audio", False])
    expect(student.get_by_text("Away for a moment")).to_have_count(0)

    tutor.get_by_role("button", name="Devices").click()
    dialog = tutor.get_by_role("dialog")
    dialog.get_by_role("button", name="Play a test sound").click()
    expect(dialog.get_by_text("Did you hear it?")).to_be_visible()
    expect(dialog.get_by_role("meter", name="Microphone level")).to_be_visible()
    dialog.get_by_label("Camera").select_option(label="fake_device_1")
    dialog.get_by_label("Speaker").select_option(label="Fake Audio Output 2")
    tutor.wait_for_function(f"() => document.querySelector('{OTHER} video').sinkId.length > 0")
    tutor.close()
    again = enter(contexts[0], school.room)
    wait_for_video(again)
    again.wait_for_function(f"async () => (await ({SENT})()).camera === 'fake_device_1'")
    for context in contexts:
        context.close()
