"""A whole term for twenty students, made as a person makes it, with its clicks and keys counted."""

import sys

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

STUDENTS = 20
TEN_MINUTES = 600
# Keystroke-level model (Card, Moran and Newell): seconds for a key or click, for pointing with the
# mouse, for mental preparation, and for a hand that goes from the mouse to the keyboard or back. It
# leaves out waiting for the computer.
KEY, POINT, THINK, HOME = 0.28, 1.1, 1.35, 0.4
SURNAMES = (
    *("Bondar", "Koval", "Melnyk", "Shevchuk", "Tkachuk", "Kravets", "Oliinyk", "Polishchuk"),
    *("Lysenko", "Marchenko", "Rudenko", "Savchuk", "Petrenko", "Moroz", "Klymenko", "Pavlenko"),
    *("Havryliuk", "Vasylenko", "Zakharchuk", "Danylko"),
)


class Hands:
    """Counts what a person does with mouse and keyboard."""

    def __init__(self, page):
        self.page = page
        self.clicks = self.keys = self.decisions = self.homings = 0
        self.is_typing = False

    def _home(self, is_typing):
        self.homings += is_typing != self.is_typing
        self.is_typing = is_typing

    def click(self, locator):
        self._home(is_typing=False)
        self.clicks += 1
        locator.click()

    def click_at(self, x, y):
        self._home(is_typing=False)
        self.clicks += 1
        self.page.mouse.click(x, y)

    def type(self, text):
        self._home(is_typing=True)
        self.keys += len(text)
        self.page.keyboard.type(text)

    def press(self, key):
        self._home(is_typing=True)
        self.keys += 1
        self.page.keyboard.press(key)

    def think(self):
        self.decisions += 1

    @property
    def seconds(self):
        moves = self.clicks * POINT + self.homings * HOME
        return moves + (self.clicks + self.keys) * KEY + self.decisions * THINK


@pytest.fixture
def tutor(scene):
    tutor = scene.person(role="tutor", timezone="Europe/Kyiv", locale="en")
    students = [
        scene.person(role="student", first_name="Ivan", last_name=name)["id"] for name in SURNAMES
    ]
    scene.classroom(tutor=tutor["id"], students=students)
    return tutor


def slot(page, day, hour):
    """The middle of the first half hour after `hour` in a column of the week that is shown."""
    column = page.locator("#calendar [data-date]:not([data-time])").nth(day).bounding_box()
    row = page.locator(f'#calendar [data-time="{hour:02}:00:00"]').last.bounding_box()
    return column["x"] + column["width"] / 2, row["y"] + 6


def make_series(hands, surname, day, hour):
    page = hands.page
    hands.think()  # whose lesson, and when
    hands.click_at(*slot(page, day, hour))
    page.locator("dialog[open]").wait_for()
    hands.type(surname[:4].lower())
    expect(page.locator("[role=listbox] [role=option]")).to_have_count(1)
    hands.press("Enter")
    hands.think()  # how often
    repeat = page.locator("dialog[open]").get_by_label("Repeats")
    hands.click(repeat)
    hands.press("e")  # “every week”
    if repeat.input_value() != "weekly":  # a list that opens needs the key Enter as well
        hands.press("Enter")
    hands.click(page.locator("dialog[open] footer button[type=submit]"))
    save = page.locator("button[name=save]")
    save.wait_for()
    hands.think()  # are these the dates?
    hands.click(save)
    page.locator("#calendar .kr-event").first.wait_for()


def test_term_for_twenty_students_takes_less_than_ten_minutes(visit, tutor, capsys):
    v = visit(tutor, reduced_motion="reduce")
    v.page.goto("/calendar/?view=week&date=2027-01-11")
    v.page.locator("#calendar .kr-view").wait_for()
    hands = Hands(v.page)
    for number, surname in enumerate(SURNAMES):
        make_series(hands, surname, day=number // 4, hour=9 + 2 * (number % 4))
    found = v.page.request.get("/api/lesson-series/?limit=50").json()
    assert found["count"] == STUDENTS
    assert all(one["lessons_count"] >= 19 for one in found["results"])
    lessons = sum(one["lessons_count"] for one in found["results"])
    report = f"{lessons} lessons: {hands.clicks} clicks, {hands.keys} keys, {hands.seconds:.0f} s"
    with capsys.disabled():
        sys.stdout.write(f"\n{report} by the keystroke-level model\n")
    assert hands.seconds < TEN_MINUTES
