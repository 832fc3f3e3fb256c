"""The room's screens, panels and dialogs: no axe-core violations, no horizontal overflow."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.axe import accessibility_violations, load_axe
from tests.browser.board import draw, make_pdf, wait_for_board
from tests.browser.conftest import launch, translate
from tests.browser.room_school import School, make_school, open_as
from tests.browser.test_room import FLAGS
from tests.server import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.any_database, pytest.mark.xdist_group("kreida")]
ROOM = ROOT / "frontend/src/room/ui"
PDF = {"name": "tasks.pdf", "mimeType": "application/pdf", "buffer": make_pdf(3)}


@dataclass
class Opened:
    """A page of the room and the language of its texts."""

    page: Page
    locale: str

    def text(self, message: str) -> str:
        return translate(message, self.locale).partition("%(")[0].strip()

    def press(self, message: str, role: str = "button") -> None:
        name = re.compile("^" + re.escape(self.text(message)))
        self.page.get_by_role(role, name=name).first.click()


def open_pdf(room: Opened) -> None:
    room.press("PDF")
    room.page.locator("dialog input[type=file]").set_input_files(PDF)
    room.page.get_by_label(re.compile(re.escape(room.text("Pages (of %(count)s)")))).wait_for()


def open_history(room: Opened) -> None:
    room.press("History")
    room.page.locator("dialog input[type=range], dialog p:not([role])").first.wait_for()


def open_people(room: Opened) -> None:
    room.press("People", "tab")
    room.page.locator(".room-lobby li").wait_for()


def open_removal(room: Opened) -> None:
    open_people(room)
    room.press("Remove %(name)s")


def open_shortcuts(room: Opened) -> None:
    room.page.locator(".main-menu-trigger").click()
    room.press("Keyboard shortcuts")


def open_main_menu(room: Opened) -> None:
    room.page.locator(".main-menu-trigger").click()


def pressing(message: str, role: str = "button") -> Callable[[Opened], None]:
    return lambda room: room.press(message, role)


# What opens a part of the tutor's room, and the component whose dialog that is.
PARTS: dict[str, tuple[Callable[[Opened], None], str]] = {
    "chat": (pressing("Chat", "tab"), ""),
    "notes": (pressing("Notes", "tab"), ""),
    "people and lobby": (open_people, ""),
    "main menu": (open_main_menu, ""),
    "devices": (pressing("Devices"), "controls.tsx"),
    "end lesson": (pressing("End lesson"), "controls.tsx"),
    "timer": (pressing("Set timer"), "timer.tsx"),
    "formula": (pressing("Formula"), "formula-dialog.tsx"),
    "choice of PDF pages": (open_pdf, "pdf-dialog.tsx"),
    "export": (pressing("Export"), "export-dialog.tsx"),
    "history": (open_history, "history-dialog.tsx"),
    "locks": (pressing("What students may change"), "locks-dialog.tsx"),
    "delete page": (pressing("Delete page"), "board-dialogs.tsx"),
    "shortcuts": (open_shortcuts, "shortcuts-dialog.tsx"),
    "remove somebody": (open_removal, "people-panel.tsx"),
}


def test_every_dialog_of_the_room_is_in_the_table():
    dialogs = Counter(
        file.name
        for file in ROOM.glob("*.tsx")
        if file.name != "components.tsx"
        for _ in re.findall(r"<(?:Dialog|Confirm)\b", file.read_text())
    )
    assert dialogs == Counter(source for _, source in PARTS.values() if source)


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    found = launch(playwright, *FLAGS)
    yield found
    found.close()


@pytest.fixture(scope="module", params=["en", "uk"])
def school(request, kreida) -> tuple[School, str]:
    school = make_school(kreida.url)
    for person in (school.tutor, school.student):
        school.request("PATCH", "/api/me/", {"locale": request.param}, person)
    return school, request.param


def enter(room: Opened, address: str, name: str = "") -> None:
    room.page.goto(address)
    if name:
        room.page.get_by_label(room.text("Your name")).first.fill(name)
        room.press("Enter as a guest")
    room.press("Enter the room")


def test_screens_before_and_after_the_room_have_no_violations(browser, school):
    made, locale = school
    # A change of theme fades, in which axe-core would see half of it.
    options, found = {"locale": locale, "reduced_motion": "reduce"}, []
    with (
        closing(open_as(browser, made.tutor, **options)) as tutor,
        closing(open_as(browser, None, **options)) as guest,
    ):
        load_axe(tutor)
        load_axe(guest)
        at_door = Opened(tutor.new_page(), locale)
        at_door.page.goto(made.room)
        at_door.press("Test the connection")
        found += accessibility_violations(at_door.page)
        waiting = Opened(guest.new_page(), locale)
        enter(waiting, made.invite(), "Іван")
        waiting.page.get_by_role("heading", name=waiting.text("Please wait")).wait_for()
        found += accessibility_violations(waiting.page)
        at_door.press("Enter the room")
        open_people(at_door)
        at_door.press("Refuse %(name)s")
        refused = waiting.text("You can’t enter the room")
        waiting.page.get_by_role("heading", name=refused).wait_for()
        found += accessibility_violations(waiting.page)
    assert not found, "\n".join(found)


def test_parts_and_dialogs_of_the_room_have_no_violations(browser, school):
    made, locale = school
    # A change of theme fades, in which axe-core would see half of it.
    options, found = {"locale": locale, "reduced_motion": "reduce"}, []
    with (
        closing(open_as(browser, made.tutor, **options)) as tutor,
        closing(open_as(browser, made.student, **options)) as student,
        closing(open_as(browser, None, **options)) as guest,
    ):
        load_axe(tutor)
        load_axe(student)
        room, learner = Opened(tutor.new_page(), locale), Opened(student.new_page(), locale)
        for opened in (room, learner):
            enter(opened, made.room)
            wait_for_board(opened.page)
        draw(room.page)
        learner.press("Raise your hand")
        learner.page.get_by_label(learner.text("Write a message")).fill("https://kreida.example/")
        learner.page.keyboard.press("Enter")
        enter(Opened(guest.new_page(), locale), made.invite(), "Іван")
        room.page.locator(".room-notices").get_by_text("Іван").first.wait_for()
        found += [f"room: {text}" for text in accessibility_violations(room.page)]
        found += [f"student: {text}" for text in accessibility_violations(learner.page)]
        for name, (show, source) in PARTS.items():
            show(room)
            if source:
                room.page.locator("dialog[open]").wait_for()
            found += [f"{name}: {text}" for text in accessibility_violations(room.page)]
            room.page.keyboard.press("Escape")
            expect(room.page.locator("dialog[open]")).to_have_count(0)
        room.press("End lesson")
        room.page.locator("dialog[open] footer button").last.click()
        learner.page.get_by_role("heading", name=learner.text("The lesson is over")).wait_for()
        found += [f"ended: {text}" for text in accessibility_violations(learner.page)]
    assert not found, "\n".join(found)
