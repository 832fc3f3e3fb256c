"""The calendar with concurrent changes, and in the hour that is repeated when DST ends."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import BOTH
from tests.browser.test_calendar import SAVED, center, drag, event, fill_start, open_calendar

pytestmark = [pytest.mark.browser, pytest.mark.any_database]
FIRST = "2027-10-31T00:30:00+00:00"  # 03:30 in Kyiv, an hour before it comes again
SECOND = "2027-10-31T01:30:00+00:00"
MOVED = "2027-01-08T09:00:00+00:00"


@pytest.fixture
def lesson(scene):
    """A tutor in Kyiv with one lesson."""

    def make(locale, starts_at, **fields):
        tutor = scene.person(role="tutor", first_name="Taras", locale=locale)
        student = scene.person(role="student", first_name="Olena", locale=locale)
        people = {"tutor": tutor["id"], "student": student["id"]}
        scene.classroom(tutor=tutor["id"], students=[student["id"]])
        return tutor, scene.lesson(**people, starts_at=starts_at, title="Sets", **fields)["id"]

    return make


@pytest.mark.parametrize("locale", ["en", "uk"])
def test_drag_of_a_lesson_that_was_moved_shows_both_times(visit, scene, lesson, locale):
    tutor, number = lesson(locale, "2027-01-04T08:00:00+00:00")
    v = visit(tutor, locale=locale)
    open_calendar(v)
    scene.move(lesson_id=number, starts_at=MOVED)
    box = event(v, "Sets").bounding_box()
    x, y = center(box)
    with v.page.expect_response(SAVED) as saved:
        drag(v, (x, y), (x + box["width"] * 1.05, y))
    assert saved.value.status == 412
    notice = v.page.locator(".kr-notices .notice")
    notice.wait_for()
    assert "11:00" in notice.inner_text()
    assert "10:00" in notice.inner_text()
    assert scene.lesson_state(lesson_id=number)["starts_at"] == MOVED
    v.press("Reschedule anyway", within=notice)
    v.page.locator(".kr-notices .notice:not(.error)").wait_for()
    assert scene.lesson_state(lesson_id=number)["starts_at"] == "2027-01-05T08:00:00+00:00"


@BOTH
def test_form_of_a_lesson_that_was_moved_shows_both_times(visit, scene, lesson, size, locale):
    tutor, number = lesson(locale, "2027-01-04T08:00:00+00:00")
    v = visit(tutor, size, locale)
    open_calendar(v, view="day")
    event(v, "Sets").click()
    v.press("Reschedule", within=v.page.locator("dialog[open]"))
    fill_start(v, "2027-01-06", "12:00")
    scene.move(lesson_id=number, starts_at=MOVED)
    dialog = v.page.locator("dialog[open]")
    v.press("Save", within=dialog)
    alert = dialog.get_by_role("alert")
    alert.get_by_role("button").wait_for()
    assert "11:00" in alert.inner_text()
    assert scene.lesson_state(lesson_id=number)["starts_at"] == MOVED
    v.press("Reschedule anyway", within=dialog)
    v.page.locator(".kr-notices .notice").wait_for()
    assert scene.lesson_state(lesson_id=number)["starts_at"] == "2027-01-06T10:00:00+00:00"


@BOTH
def test_repeated_hour_is_shown_with_different_offsets(visit, lesson, size, locale):
    tutor, _number = lesson(locale, FIRST)
    v = visit(tutor, size, locale)
    open_calendar(v, "2027-10-31", view="agenda")
    text = event(v, "Sets").inner_text()
    assert "(UTC+3)" in text
    assert "(UTC+2)" in text
    event(v, "Sets").click()
    assert "03:30 (UTC+3) – 03:30 (UTC+2)" in v.page.locator("dialog[open]").inner_text()


def test_form_keeps_the_second_of_two_equal_times_and_offers_the_first(visit, scene, lesson):
    tutor, number = lesson("en", SECOND)
    v = visit(tutor)
    open_calendar(v, "2027-10-31", view="agenda")
    event(v, "Sets").click()
    v.press("Reschedule", within=v.page.locator("dialog[open]"))
    dialog = v.page.locator("dialog[open]")
    which = dialog.locator("select").nth(1)
    assert which.evaluate("e => e.selectedOptions[0].text") == "03:30 (UTC+2)"
    v.press("Save", within=dialog)
    v.page.locator(".kr-notices .notice").wait_for()
    assert scene.lesson_state(lesson_id=number)["starts_at"] == SECOND
    event(v, "Sets").click()
    v.press("Reschedule", within=v.page.locator("dialog[open]"))
    which.select_option("03:30 (UTC+3)")
    v.press("Save", within=dialog)
    v.page.locator("dialog[open]").wait_for(state="detached")
    assert scene.lesson_state(lesson_id=number)["starts_at"] == FIRST


def test_resize_keeps_a_start_in_the_repeated_hour(visit, scene, lesson):
    tutor, _number = lesson("en", SECOND, minutes=90)
    v = visit(tutor)
    open_calendar(v, "2027-10-31")
    v.page.locator("#calendar .kr-event").first.scroll_into_view_if_needed()
    box = event(v, "Sets").bounding_box()
    edge = (box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)
    event(v, "Sets").hover()
    with v.page.expect_response(SAVED) as saved:
        drag(v, edge, (edge[0], edge[1] + 60))
    assert saved.value.status == 200
    assert saved.value.json()["starts_at"] == "2027-10-31T01:30:00Z"


@BOTH
def test_form_offers_both_instants_of_a_repeated_time(visit, scene, lesson, size, locale):
    tutor, number = lesson(locale, "2027-01-04T08:00:00+00:00")
    v = visit(tutor, size, locale)
    v.page.goto(f"/lessons/{number}/edit/")
    which = v.page.locator("[name=fold]")
    assert not which.is_visible()
    v.page.locator("[name=date]").fill("2027-10-31")
    v.page.locator("[name=time]").fill("03:30")
    which.select_option("1")
    v.press("Save")
    v.page.wait_for_url(f"**/lessons/{number}/")
    assert "03:30 (UTC+2)" in v.page.locator(".when").inner_text()
    assert scene.lesson_state(lesson_id=number)["starts_at"] == SECOND


def test_lesson_form_shows_the_other_persons_time_by_the_24_hour_clock(visit, scene):
    tutor = scene.person(role="tutor", timezone="Europe/Kyiv", locale="en")
    student = scene.person(role="student", timezone="America/Toronto")
    scene.classroom(tutor=tutor["id"], students=[student["id"]])
    page = visit(tutor).page
    page.goto(f"/lessons/new/?student={student['id']}")
    page.locator("[name=date]").fill("2031-01-15")
    page.locator("[name=time]").fill("22:00")
    assert "Wednesday 15:00" in page.locator("[data-their-time]").inner_text().replace(",", "")


def test_lesson_form_warns_of_a_time_in_the_past(visit, scene):
    tutor, student = scene.person(role="tutor"), scene.person(role="student")
    scene.classroom(tutor=tutor["id"], students=[student["id"]])
    page = visit(tutor).page
    page.goto(f"/lessons/new/?student={student['id']}")
    warning = page.locator("[data-past-time]")
    page.locator("[name=date]").fill("2031-01-15")
    expect(warning).to_be_hidden()
    page.locator("[name=date]").fill("2021-01-15")
    expect(warning).to_be_visible()


def test_click_on_a_free_slot_proposes_an_hour(visit, lesson):
    tutor, _number = lesson("en", "2027-01-04T08:00:00+00:00")
    v = visit(tutor)
    open_calendar(v)
    box = event(v, "Sets").bounding_box()
    x, y = center(box)
    v.page.mouse.click(x, y + 2 * box["height"] + 4)
    dialog = v.page.locator("dialog[open]")
    expect(dialog.locator("input[type=time]")).to_have_value("12:30")
    expect(dialog.locator("select").first).to_have_value("60")
