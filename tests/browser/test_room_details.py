"""Details of the room that a tutor and a student ran into."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.board import (
    draw,
    last_page_elements,
    wait_for_board,
    wait_for_elements,
    wait_for_ink,
)
from tests.browser.room_school import enter, make_school, open_as
from tests.browser.test_board import paste, strokes_clipboard, submit_formula, wait_until
from tests.browser.test_board_input import focus_board

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]


def test_ukrainian_board_starts_with_the_pen_and_has_no_foreign_texts(chromium, kreida):
    school = make_school(kreida.url)
    school.request("PATCH", "/api/me/", {"locale": "uk"})
    context = open_as(chromium, school.tutor)
    page = enter_in_ukrainian(context, school.room)
    wait_for_board(page)
    expect(page.locator("[data-testid=toolbar-freedraw]")).to_be_checked()
    page.get_by_role("button", name="Меню", exact=True).click()
    page.get_by_role("button", name=re.compile("^Гарячі клавіші")).click()
    dialog = page.get_by_role("dialog", name="Гарячі клавіші")
    expect(dialog.get_by_text("R (К)")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".App-toolbar__extra-tools-trigger").click()
    tools = page.locator(".App-toolbar__extra-tools-dropdown")
    expect(tools).to_contain_text("Лазерна указка")
    assert not re.search("[A-Za-z]{3}", tools.inner_text())
    expect(page.locator(".help-icon")).to_be_hidden()
    assert page.locator(".room-canvas a[href*='excalidraw']").count() == 0
    context.close()


def enter_in_ukrainian(context, address):
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name=re.compile("^Увійти")).first.click(timeout=15_000)
    return page


# Counts the notes that the page plays.
COUNT_NOTES = """
  window.notes = 0;
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...given) {
    window.notes += 1;
    return start.apply(this, given);
  };
"""


def test_raised_hand_is_announced_to_the_tutor_until_it_goes_down(both_pages):
    tutor, student = both_pages
    for page in both_pages:
        page.evaluate(f"() => {{ {COUNT_NOTES} }}")
    student.get_by_role("button", name="Raise your hand").click()
    notice = tutor.locator(".room-notices").get_by_text("Hand raised: Олена Коваль")
    expect(notice).to_be_visible()
    tutor.wait_for_function("window.notes === 2")
    student.get_by_role("button", name="Lower your hand").click()
    expect(notice).to_have_count(0)
    assert [page.evaluate("window.notes") for page in both_pages] == [2, 0]


def test_people_cannot_be_followed_by_excalidraws_pictures_of_them(both_pages):
    """Kreida has its own way of following the tutor."""
    tutor, student = both_pages
    focus_board(student)
    person = tutor.locator(".excalidraw .UserList__collaborator").first
    expect(person).to_be_attached()
    expect(person).to_be_hidden()


def test_choosing_no_file_leaves_the_pdf_dialog_open(both_pages):
    tutor, _ = both_pages
    tutor.get_by_role("button", name="PDF", exact=True).click()
    field = tutor.get_by_label("PDF file")
    field.evaluate("(input) => input.dispatchEvent(new Event('cancel', { bubbles: true }))")
    dialog = tutor.get_by_role("dialog", name="Add PDF to board")
    expect(dialog).to_be_visible()
    tutor.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_formula_is_placed_beside_what_is_drawn(both_pages, school):
    tutor, _ = both_pages
    draw(tutor, down=320)
    (stroke,) = wait_for_elements(school, 1)
    for count in (2, 3):
        tutor.get_by_role("button", name="Formula", exact=True).click()
        submit_formula(tutor, r"\frac{a + b + c}{d}", "Add to board")
        wait_for_elements(school, count)
    first, second = [e for e in last_page_elements(school) if e["type"] == "image"]
    assert not overlap(first, second)
    assert not overlap(first, stroke)


def overlap(a: dict, b: dict) -> bool:
    return all(
        a[start] < b[start] + b[size] and b[start] < a[start] + a[size]
        for start, size in (("x", "width"), ("y", "height"))
    )


def test_tutor_puts_back_what_a_student_wiped(both_pages, school):
    tutor, student = both_pages
    paste(tutor, strokes_clipboard(6, 40))
    wait_for_elements(school, 6)
    wait_for_ink(student)
    focus_board(student)
    student.keyboard.press("Control+a")
    student.keyboard.press("Delete")
    wait_for_elements(school, 0)
    notice = tutor.get_by_role("status").filter(has_text="Just deleted from the board: 6")
    notice.get_by_role("button", name="Put back").click()
    wait_for_elements(school, 6)
    wait_for_ink(student)
    expect(notice).to_have_count(0)
    expect(student.get_by_role("button", name="Put back")).to_have_count(0)


def test_blocked_socket_is_explained_and_board_and_chat_can_be_read(chromium, kreida):
    school = make_school(kreida.url)
    contexts = [open_as(chromium, who) for who in (school.tutor, school.student)]
    tutor = enter(contexts[0], school.room)
    wait_for_board(tutor)
    draw(tutor)
    tutor.get_by_label("Write a message").fill("See page 12")
    tutor.get_by_label("Write a message").press("Enter")
    history = f"/api/classroom/sessions/{school.session_uuid}/history/"
    wait_until(lambda: len(school.request("GET", history)["results"]) == 1)
    contexts[1].route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    page = enter(contexts[1], school.room)
    blocked = page.get_by_role("heading", name="This network blocks the room’s connection")
    expect(blocked).to_be_visible(timeout=20_000)
    host = school.url.removeprefix("http://").split(":")[0]
    expect(page.get_by_text(f"WebSocket connections (ws://) to {host}")).to_be_visible()
    expect(page.get_by_text("See page 12")).to_be_visible()
    expect(page.locator(".room-history-picture canvas")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("link", name="Back to the lesson page")).to_be_visible()
    for context in contexts:
        context.close()
