"""The board's locks in the browser of a student."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.board import (
    canvas_origin,
    draw,
    last_page_elements,
    select_tool,
    wait_for_elements,
    wait_for_ink,
)
from tests.browser.test_board import wait_until
from tests.browser.test_board_input import focus_board

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]

TUTORS, STUDENTS = 300, 420  # where they draw, in pixels from the top of the canvas
FREE, OWN, NEW, NOTHING = (
    "Everything",
    "Only what they draw themselves",
    "Only what is drawn from now on",
    "Nothing: the whole board is locked",
)


@pytest.fixture
def both_drew(both_pages, school):
    """The tutor's and the student's page, on which each has drawn a stroke."""
    tutor, student = both_pages
    draw(tutor, TUTORS)
    wait_for_ink(student)
    draw(student, STUDENTS)
    wait_for_elements(school, 2)
    yield both_pages
    choose(tutor, FREE)
    expect(student.locator(".notice", has_text="The tutor has locked")).to_have_count(0)


def choose(tutor: Page, label: str) -> None:
    dialog = open_dialog(tutor)
    dialog.get_by_label(label).click()
    expect(dialog.get_by_label(label)).to_be_checked()  # once the server says so
    dialog.get_by_role("button", name="Done").click()


def lock_page(tutor: Page, *, locked: bool) -> None:
    dialog = open_dialog(tutor)
    dialog.get_by_role("checkbox").click()
    expect(dialog.get_by_role("checkbox")).to_be_checked(checked=locked)
    dialog.get_by_role("button", name="Done").click()


def open_dialog(tutor: Page) -> Locator:
    tutor.get_by_role("button", name="What students may change").click()
    return tutor.get_by_role("dialog", name="What students may change")


def erase(page: Page, down: int) -> None:
    select_tool(page, "eraser")
    x, y = canvas_origin(page)
    middle = x + page.locator(".excalidraw canvas.interactive").bounding_box()["width"] / 2
    page.mouse.move(middle - 30, y + down - 40)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(middle - 30 + step * 12, y + down - 40 + step * 6)
    page.mouse.up()


def delete_all(page: Page) -> None:
    focus_board(page)
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")


def place(element: dict) -> float:
    return element["y"]


def test_student_changes_only_their_own(both_drew, school):
    tutor, student = both_drew
    first, _ = sorted(last_page_elements(school), key=place)
    choose(tutor, OWN)
    expect(student.get_by_text("change only what you drew yourself")).to_be_visible()
    erase(student, TUTORS)
    delete_all(student)
    assert [element["id"] for element in wait_for_elements(school, 1)] == [first["id"]]
    student.keyboard.press("Control+Z")
    wait_for_elements(school, 2)
    draw(student, STUDENTS + 60)
    wait_for_elements(school, 3)
    delete_all(tutor)
    wait_for_elements(school, 0)


def test_student_adds_to_what_is_locked(both_drew, school):
    tutor, student = both_drew
    before = {element["id"] for element in last_page_elements(school)}
    choose(tutor, NEW)
    expect(student.get_by_text("The tutor has locked what is on the board")).to_be_visible()
    delete_all(student)
    erase(student, STUDENTS)
    draw(student, STUDENTS + 80)
    assert before < {element["id"] for element in wait_for_elements(school, 3)}
    delete_all(student)
    assert {element["id"] for element in wait_for_elements(school, 2)} == before


def test_undo_of_what_is_locked_meanwhile_is_put_back_with_a_reason(both_drew, school):
    tutor, student = both_drew
    choose(tutor, NEW)
    expect(student.get_by_text("The tutor has locked what is on the board")).to_be_visible()
    student.keyboard.press("Control+Z")
    problem = student.get_by_role("alert").get_by_text("The tutor has locked this")
    expect(problem).to_be_visible()
    student.get_by_role("alert").get_by_role("button", name="Dismiss").click()
    draw(student, STUDENTS + 80)
    wait_for_elements(school, 3)
    student.keyboard.press("Control+Z")
    wait_for_elements(school, 2)
    expect(problem).to_have_count(0)


def test_locked_page_can_only_be_looked_at_and_others_drawn_on(both_drew, school):
    tutor, student = both_drew
    lock_page(tutor, locked=True)
    expect(student.get_by_text("The tutor has locked this page")).to_be_visible()
    expect(student.locator("[data-testid=toolbar-freedraw]")).to_have_count(0)
    expect(student.get_by_role("button", name="Formula")).to_have_count(0)
    draw(tutor, STUDENTS + 60)
    wait_for_elements(school, 3)
    student.get_by_role("button", name="New page").click()
    expect(student.get_by_text("The tutor has locked this page")).to_have_count(0)
    draw(student)
    wait_for_elements(school, 1)
    student.get_by_role("button", name="Follow the tutor").click()
    lock_page(tutor, locked=False)
    expect(student.locator("[data-testid=toolbar-freedraw]")).to_have_count(1)


def test_locked_board_can_be_changed_by_the_tutor_alone(both_drew, school):
    tutor, student = both_drew
    choose(tutor, NOTHING)
    expect(student.get_by_text("The tutor has locked the board")).to_be_visible()
    expect(student.locator("[data-testid=toolbar-freedraw]")).to_have_count(0)
    expect(student.get_by_role("button", name="New page")).to_have_count(0)
    draw(tutor, STUDENTS + 60)
    wait_for_elements(school, 3)
    choose(tutor, FREE)
    draw(student, STUDENTS + 120)
    wait_for_elements(school, 4)


def test_offline_changes_are_sent_except_those_of_a_page_locked_meanwhile(both_drew, school):
    tutor, student = both_drew
    student.context.set_offline(True)
    expect(student.locator(".room-unsent")).not_to_have_text("")
    draw(student, STUDENTS + 60)
    lock_page(tutor, locked=True)
    student.get_by_role("button", name="New page").click()
    draw(student)
    student.context.set_offline(False)
    notice = student.get_by_role("alert").filter(has_text="The tutor has locked this")
    notice.get_by_role("button", name="Dismiss").click()
    wait_for_elements(school, 1)
    tutor.locator(".room-pages button").nth(-2).click()
    lock_page(tutor, locked=False)
    tutor.get_by_role("button", name="Delete page").click()
    tutor.get_by_role("dialog").get_by_role("button", name="Delete page").click()


def test_stroke_ends_where_it_was_when_its_page_was_locked(both_drew, school):
    tutor, student = both_drew
    select_tool(student, "freedraw")
    x, y = canvas_origin(student)
    student.mouse.move(x + 500, y + 500)
    student.mouse.down()
    student.mouse.move(x + 560, y + 520)
    lock_page(tutor, locked=True)
    expect(student.get_by_text("The tutor has locked this page")).to_be_visible()
    for step in range(10):
        student.mouse.move(x + 560 + step * 5, y + 520)
    student.mouse.up()
    lock_page(tutor, locked=False)
    expect(student.locator("[data-testid=toolbar-freedraw]")).to_have_count(1)
    draw(student, STUDENTS + 60)
    wait_until(lambda: any(element["width"] > 150 for element in last_page_elements(school)[2:]))
    assert not [e for e in last_page_elements(school) if 61 < e["width"] < 150]
