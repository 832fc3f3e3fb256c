"""Lesson series in the calendar and on their pages: made, moved, cancelled, and undone."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import accessibility_violations, load_axe
from tests.browser.conftest import BOTH
from tests.browser.test_calendar import center, drag, event, open_calendar

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

MONDAYS = ["2027-03-15", "2027-03-22", "2027-03-29", "2027-04-05"]  # clocks change on 28 March


@pytest.fixture
def family(scene):
    """A tutor and a student in Kyiv, with lessons that clash with a series on two Mondays."""

    def make(locale):
        tutor = scene.person(role="tutor", timezone="Europe/Kyiv", locale=locale)
        student = scene.person(
            role="student", first_name="Olena", last_name="Koval", timezone="America/Toronto"
        )
        scene.classroom(tutor=tutor["id"], students=[student["id"]])
        people = {"tutor": tutor["id"], "student": student["id"]}
        for start in ("2027-03-22T12:00:00+00:00", "2027-03-29T11:00:00+00:00"):
            scene.lesson(**people, starts_at=start, title="Clash")
        return tutor, student

    return make


def make_series(v, student):
    """Four Mondays at 14:00: one clash is moved to 18:00, the other scheduled anyway."""
    page = v.page
    page.goto(f"/series/new/?student={student['id']}&date={MONDAYS[0]}&time=14:00&title=Sets")
    page.locator("[name=ends]").select_option("count")
    page.locator("[name=count]").fill("4")
    page.locator("main form [type=submit]:not([name])").first.click()
    expect(page.locator("#dates li.clash")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.locator(f"#choice-{MONDAYS[1]}").select_option("move")
    page.locator(f"#move-time-{MONDAYS[1]}").fill("18:00")
    page.locator(f"#choice-{MONDAYS[2]}").select_option("allow")
    page.locator("button[name=save]").click()
    page.wait_for_url("**/calendar/?date=*")
    found = page.request.get("/api/lesson-series/").json()["results"][0]
    lessons = page.request.get(f"/api/lesson-series/{found['id']}/lessons/").json()["results"]
    return found["id"], lessons


def starts_of(v, series):
    """Of the series of a lesson, by date and time in UTC, as the API gives them."""
    lessons = v.page.request.get(f"/api/lesson-series/{series}/lessons/").json()["results"]
    return [one["starts_at"][:16] for one in lessons]


@BOTH
def test_series_is_made_across_a_clock_change_with_clashes_resolved(visit, family, size, locale):
    tutor, student = family(locale)
    v = visit(tutor, size, locale, reduced_motion="reduce")
    load_axe(v.page.context)
    series, lessons = make_series(v, student)
    assert [one["starts_at"][:16] for one in lessons] == [
        "2027-03-15T12:00",
        "2027-03-22T16:00",
        "2027-03-29T11:00",
        "2027-04-05T11:00",
    ]
    v.page.goto(f"/series/{series}/")
    expect(v.page.locator(".plain-list a[href^='/lessons/']")).to_have_count(4)
    assert v.page.evaluate("document.documentElement.scrollWidth") <= v.page.viewport_size["width"]
    assert accessibility_violations(v.page) == []


# The narrowest space in which a date and the button of its calendar can be read.
DATE_WIDTH = 150


def test_date_of_a_series_can_be_read_on_a_phone(visit, family):
    tutor, student = family("uk")
    v = visit(tutor, "phone", "uk")
    v.page.goto(f"/series/new/?student={student['id']}")
    assert v.page.locator("[name=date]").bounding_box()["width"] >= DATE_WIDTH


def test_dragged_lesson_asks_how_many_move_and_all_is_undone(visit, family):
    tutor, student = family("en")
    v = visit(tutor, reduced_motion="reduce")
    load_axe(v.page.context)
    series, _lessons = make_series(v, student)
    before = starts_of(v, series)
    open_calendar(v, date="2027-04-05")
    box = event(v, "Sets").bounding_box()
    x, y = center(box)
    drag(v, (x, y), (x, y + box["height"]))
    dialog = v.page.locator("dialog[open]")
    dialog.wait_for()
    assert accessibility_violations(v.page) == []
    dialog.get_by_label("this and all following lessons").check()
    v.press("Move", within=dialog)
    v.page.get_by_role("heading", name="Check the change").wait_for()
    expect(v.page.locator(".occurrences li")).to_have_count(1)
    v.page.get_by_role("button", name="Change 1 lesson").click()
    v.press("Undo")
    v.wait_for_text("Undone. Everything is as it was.")
    assert starts_of(v, series) == before


def test_rest_of_a_series_is_cancelled_by_keyboard_and_undone(visit, family):
    tutor, student = family("en")
    v = visit(tutor, reduced_motion="reduce")
    page = v.page
    _series, lessons = make_series(v, student)
    page.goto(f"/lessons/{lessons[2]['id']}/changes/?action=cancel&scope=this")
    expect(page.locator(".occurrences li")).to_have_count(1)
    page.get_by_label("this lesson only").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".occurrences li")).to_have_count(2)
    page.get_by_role("button", name="Cancel 2 lessons").focus()
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name="Undo")
    undo.wait_for()
    state = page.request.get(f"/api/lessons/{lessons[3]['id']}/").json()
    assert state["status"] == "cancelled"
    undo.focus()
    page.keyboard.press("Enter")
    v.wait_for_text("Undone. Everything is as it was.")
    state = page.request.get(f"/api/lessons/{lessons[3]['id']}/").json()
    assert state["status"] == "scheduled"


def test_series_is_made_without_javascript(visit, family):
    tutor, student = family("uk")
    v = visit(tutor, locale="uk", java_script_enabled=False)
    page = v.page
    page.goto(f"/lessons/new/?student={student['id']}&date=2027-05-03&time=10:00")
    page.locator("[name=repeat]").select_option("weekly")
    page.locator("main form[method=post] [type=submit]").click()
    page.locator("button[name=save]").click()
    page.wait_for_url("**/calendar/?date=2027-05-03")
    expect(page.locator(".flash")).to_contain_text("Заплановано")
