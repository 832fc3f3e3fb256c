"""The live room in real browsers with fake cameras and microphones."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.board import (
    INK,
    count_ink,
    decompress_object_streams,
    draw,
    make_pdf,
    wait_for_board,
    wait_for_dialog_to_close,
    wait_for_ink,
)
from tests.browser.conftest import launch
from tests.browser.room_school import enter, make_school, open_as
from tests.server import free_port, start_kreida, stop_kreida

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--auto-select-desktop-capture-source=Entire screen",
]
FRAMES = """() => Math.min(...[...document.querySelectorAll('.room-tile:not(.own) video')]
  .map((video) => video.getVideoPlaybackQuality().totalVideoFrames))"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with a fake camera and microphone."""
    found = launch(playwright, *FLAGS)
    yield found
    found.close()


@pytest.fixture
def school(kreida):
    return make_school(kreida.url)


@pytest.fixture
def both_pages(browser, school) -> Iterator[tuple[Page, Page]]:
    contexts = [open_as(browser, who) for who in (school.tutor, school.student)]
    pages = [enter(context, school.room) for context in contexts]
    for page in pages:
        wait_for_board(page)
    expect(pages[0].locator(".room-tile")).to_have_count(2)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def test_stroke_appears_on_the_other_board(both_pages):
    tutor, student = both_pages
    assert count_ink(student) == 0
    draw(tutor)
    wait_for_ink(student)
    assert abs(count_ink(student) - count_ink(tutor)) < 0.2 * count_ink(tutor)


def test_both_participants_receive_video(both_pages):
    for page in both_pages:
        page.wait_for_function(f"() => ({FRAMES})() > 20", timeout=20000)


def test_shared_screen_is_shown_until_sharing_stops(both_pages):
    tutor, student = both_pages
    tutor.get_by_role("button", name="Share the screen").click()
    student.wait_for_function(
        "() => document.querySelector('video[data-kind=screen]')"
        "?.getVideoPlaybackQuality().totalVideoFrames > 2",
        timeout=20000,
    )
    tutor.get_by_role("button", name="Stop sharing").click()
    expect(student.locator("video[data-kind=screen]")).to_have_count(0)


def test_chat_links_urls_and_escapes_markup(both_pages):
    tutor, student = both_pages
    field = tutor.get_by_label("Write a message")
    field.fill("<b>Look</b>: https://kreida.example/a.")
    field.press("Enter")
    message = student.locator(".room-messages .text").last
    expect(message).to_have_text("<b>Look</b>: https://kreida.example/a.")
    link = message.get_by_role("link")
    expect(link).to_have_attribute("href", "https://kreida.example/a")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_tutor_sees_a_raised_hand_and_can_mute_a_microphone(both_pages):
    tutor, student = both_pages
    student.get_by_role("button", name="Raise your hand").click()
    expect(tutor.locator(".room-tile:not(.own) .hand")).to_be_visible()
    tutor.get_by_role("tab", name="People").click()
    tutor.get_by_role("button", name=re.compile("^Mute ")).click()
    expect(student.get_by_role("button", name="Turn the microphone on")).to_be_visible()


def test_guest_waits_for_admission_and_cannot_return_after_removal(browser, school, both_pages):
    tutor, _ = both_pages
    context = open_as(browser, None)
    page = context.new_page()
    page.goto(school.invite())
    page.get_by_label("Your name").fill("Ada King-Lovelace")
    page.get_by_role("button", name="Enter as a guest").click()
    page.get_by_role("button", name="Enter the room").click()
    expect(page.get_by_role("heading", name="Please wait")).to_be_visible()
    tutor.get_by_role("tab", name="People").click()
    name = tutor.locator(".room-lobby .name")
    expect(name).to_have_text("Ada King-Lovelace")
    assert name.bounding_box()["height"] < 30, "the name does not fit on one line"
    tutor.get_by_role("button", name="Admit", exact=True).click()
    wait_for_board(page)
    tutor.get_by_role("button", name="Remove Ada King-Lovelace").click()
    tutor.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("heading", name="You can’t enter the room")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="You can’t enter the room")).to_be_visible()
    context.close()


def test_board_and_call_are_restored_after_a_reload(both_pages):
    tutor, student = both_pages
    draw(tutor)
    wait_for_ink(student)
    student.reload()
    wait_for_board(student)
    wait_for_ink(student)
    student.wait_for_function(f"() => ({FRAMES})() > 5", timeout=20000)


def test_offline_strokes_are_counted_and_sent_after_reconnecting(both_pages):
    tutor, student = both_pages
    student.context.set_offline(True)
    draw(student)
    expect(student.locator(".room-unsent")).to_contain_text("Not sent yet")
    assert count_ink(tutor) == 0
    student.context.set_offline(False)
    wait_for_ink(tutor)
    expect(student.locator(".room-unsent")).to_have_text("", timeout=20000)


def test_undo_removes_only_own_strokes(both_pages):
    tutor, student = both_pages
    draw(tutor, down=250)
    wait_for_ink(student)
    draw(student, down=400)
    both = count_ink(student)
    wait_for_ink(tutor, more_than=int(0.7 * both))
    tutor.get_by_role("button", name="Undo").click()
    tutor.wait_for_function(f"() => ({INK})() < {0.7 * both}")
    assert count_ink(tutor) > 0
    tutor.wait_for_timeout(300)
    assert 0 < count_ink(student) < 0.7 * both


def test_room_fits_the_width_of_a_phone(browser, school):
    context = open_as(browser, school.student, viewport={"width": 390, "height": 844})
    page = enter(context, school.room)
    wait_for_board(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Chat and people").click()
    expect(page.get_by_label("Write a message")).to_be_visible()
    context.close()


def test_room_requests_no_other_host(browser, school):
    context = open_as(browser, school.student)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = enter(context, school.room)
    wait_for_board(page)
    foreign = [u for u in asked if not u.startswith((school.url, "data:", "blob:"))]
    assert asked
    assert foreign == []
    context.close()


def test_stroke_is_shown_while_it_is_drawn(both_pages):
    tutor, student = both_pages
    box = tutor.locator(".excalidraw canvas.interactive").bounding_box()
    tutor.locator("[data-testid=toolbar-freedraw]").click(force=True)
    tutor.mouse.move(box["x"] + 500, box["y"] + 300)
    tutor.mouse.down()
    for step in range(5):
        before = count_ink(student)
        tutor.mouse.move(box["x"] + 540 + step * 40, box["y"] + 340 - step * 30, steps=4)
        student.wait_for_function(f"() => ({INK})() > {before}", polling=10)
    tutor.mouse.up()


def test_formula_and_pdf_pages_are_on_both_boards_and_in_the_export(both_pages, tmp_path):
    tutor, student = both_pages
    tutor.get_by_role("button", name="Formula", exact=True).click()
    tutor.get_by_role("button", name="Add to board").click()
    wait_for_ink(student)
    tutor.get_by_role("button", name="PDF", exact=True).click()
    pdf = tmp_path / "two.pdf"
    pdf.write_bytes(make_pdf(2))
    tutor.get_by_label("PDF file").set_input_files(pdf)
    tutor.get_by_label("Each on its own page").check()
    tutor.get_by_role("button", name="Add to board").click()
    expect(student.get_by_role("button", name="Page 3")).to_be_visible(timeout=20000)
    expect(student.get_by_role("button", name="Page 4")).to_have_count(0)
    wait_for_dialog_to_close(tutor)
    wait_for_ink(student)
    tutor.get_by_role("button", name="Export", exact=True).click()
    tutor.get_by_role("radio", name="The whole lesson").check()
    with tutor.expect_download() as saved:
        tutor.get_by_role("button", name="Save file").click()
    assert (
        len(
            re.findall(
                rb"/Type /Page\b", decompress_object_streams(saved.value.path().read_bytes())
            )
        )
        == 3
    )


def test_board_and_chat_work_when_camera_and_microphone_are_denied(playwright, school):
    refusing = launch(playwright, "--deny-permission-prompts")
    page = open_as(refusing, school.student).new_page()
    page.goto(school.room)
    expect(page.get_by_text(re.compile("was found|is blocked")).first).to_be_visible()
    page.get_by_role("button", name="Enter with board and chat only").click()
    wait_for_board(page)
    page.get_by_label("Write a message").fill("here")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".room-messages .text")).to_have_text("here")
    refusing.close()


@pytest.fixture
def plain_http(playwright, tmp_path, kreida_seed):
    """Kreida without TLS under a host name, which is not a secure context for a browser."""
    port = free_port()
    address = f"http://kreida.test:{port}"
    settings = {"PORT": str(port), "PUBLIC_URL": address, "ALLOWED_HOSTS": "127.0.0.1"}
    server = start_kreida(tmp_path, kreida_seed, **settings)
    server.url = f"http://127.0.0.1:{port}"
    mapped = launch(playwright, "--host-resolver-rules=MAP kreida.test 127.0.0.1")
    yield server, address, mapped
    mapped.close()
    stop_kreida(server)


def test_board_and_chat_work_over_plain_http_with_a_notice_about_the_call(plain_http):
    server, address, mapped = plain_http
    school = make_school(server.url)
    for cookie in school.tutor.cookies:
        cookie["url"] = address
    page = open_as(mapped, school.tutor).new_page()
    page.goto(school.room.replace(server.url, address))
    assert page.evaluate("isSecureContext") is False
    expect(page.locator(".room-check")).to_contain_text("https")
    page.get_by_role("button", name="Enter with board and chat only").click()
    wait_for_board(page)
    page.get_by_label("Write a message").fill("here")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".room-messages .text")).to_have_text("here")
    page.get_by_role("button", name="New page").click()
    expect(page.locator(".room-pages [aria-current]")).to_have_text("2")
    draw(page)
    wait_for_ink(page)
    expect(page.locator(".room-unsent")).to_have_text("", timeout=20000)
