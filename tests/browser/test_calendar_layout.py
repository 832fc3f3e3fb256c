"""Free slots, scroll position and layout of the calendar in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import BOTH
from tests.browser.test_calendar import SAVED, drag, event, fill_start, open_calendar

pytestmark = [pytest.mark.browser, pytest.mark.any_database]


@BOTH
def test_clicked_slot_proposes_the_students_last_duration_and_shows_their_time(
    visit, week, scene, size, locale
):
    tutor, student, _ids = week(locale)
    start = "2027-01-05T08:00:00+00:00"
    scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=start, minutes=45)
    v = visit(tutor, size, locale)
    open_calendar(v, date="2027-01-05", view="day")
    v.press("New lesson")
    dialog = v.page.locator("dialog[open]")
    duration = dialog.locator("select").first
    assert duration.input_value() == "60"
    dialog.get_by_role("combobox").first.fill("koval")
    dialog.get_by_role("option", name="Olena Koval").click()
    assert duration.input_value() == "45"
    fill_start(v, "2027-01-05", "20:00")
    expect(dialog.locator(".kr-hint", has_text="13:00")).to_contain_text("Olena Koval")
    fill_start(v, "2020-01-05", "20:00")
    v.wait_for_text("This time is in the past.")
    fill_start(v, "2027-01-05", "20:00")
    v.press("Schedule", within=dialog)
    v.wait_for_text("Lesson scheduled.")
    assert "date=2027-01-05" in v.page.url
    # Untitled lessons are told apart by their student.
    assert event(v, "20:00").inner_text().count("Olena Koval") == 1


def test_free_slot_is_reached_by_keyboard(visit, week):
    tutor, _student, _ids = week()
    v = visit(tutor)
    open_calendar(v)
    cursor = v.page.get_by_role("button", name=v.text_pattern("Schedule in a free slot"))
    cursor.focus()
    assert "Taken: Monday" in cursor.inner_text()
    assert "First" in cursor.inner_text()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        v.page.keyboard.press(key)
    assert "Wednesday 6 January, 10:30" in cursor.inner_text().replace("Wednesday,", "Wednesday")
    cell = v.page.locator("[role=gridcell][data-date='2027-01-06']").bounding_box()
    box = cursor.bounding_box()
    assert abs(box["x"] - cell["x"]) < 2
    v.page.keyboard.press("Enter")
    dialog = v.page.locator("dialog[open]")
    assert dialog.locator("input[type=date]").input_value() == "2027-01-06"
    assert dialog.locator("input[type=time]").input_value() == "10:30"


def test_hours_start_at_the_first_lesson_and_keep_their_scroll_position(visit, scene, week):
    tutor, student, _ids = week()
    early = "2027-01-04T04:00:00+00:00"
    scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=early, title="Early")
    v = visit(tutor)
    open_calendar(v)
    grid = v.page.locator(".kr-view").bounding_box()

    def is_on_view(title):
        box = event(v, title).bounding_box()
        return grid["y"] <= box["y"] < grid["y"] + grid["height"]

    v.page.wait_for_function(
        "y => [...document.querySelectorAll('.kr-event')].find(e => e.innerText.includes('Early'))"
        ".getBoundingClientRect().y > y",
        arg=grid["y"],
    )
    assert is_on_view("Early")
    v.page.mouse.move(grid["x"] + 300, grid["y"] + 300)
    v.page.mouse.wheel(0, 2000)
    v.page.wait_for_function("() => sessionStorage.getItem('kreida.calendar.scroll') > 600")
    before = event(v, "Early").bounding_box()["y"]
    v.press("Next")
    v.press("Previous")
    event(v, "Early").wait_for(state="attached")
    assert abs(event(v, "Early").bounding_box()["y"] - before) < 30
    v.page.reload()
    event(v, "Early").wait_for(state="attached")
    assert abs(event(v, "Early").bounding_box()["y"] - before) < 30


def test_short_lesson_can_be_resized_and_leaves_its_neighbour_whole(visit, scene, week):
    tutor, student, _ids = week()
    people = {"tutor": tutor["id"], "student": student["id"]}
    for minute, title in ((0, "Short"), (15, "Next")):
        start = f"2027-01-06T08:{minute:02}:00+00:00"
        scene.lesson(**people, starts_at=start, minutes=15, title=title)
    late = "2027-01-07T21:00:00+00:00"
    scene.lesson(**people, starts_at=late, minutes=120, title="Late")
    v = visit(tutor)
    open_calendar(v)
    short, following = (event(v, title).bounding_box() for title in ("Short", "Next"))
    assert short["height"] >= 23
    assert following["width"] == short["width"]
    assert "23:00–01:00" in event(v, "Late").inner_text().replace("\n", "")
    edge = (following["x"] + 40, following["y"] + following["height"] - 2)
    event(v, "Next").hover()
    with v.page.expect_response(SAVED) as saved:
        drag(v, edge, (edge[0], edge[1] + following["height"] * 1.1))
    assert saved.value.json()["ends_at"] == "2027-01-06T08:45:00Z"


def test_calendar_does_not_jump_while_it_loads(visit, week):
    tutor, _student, _ids = week()
    for size in ("laptop", "phone"):
        v = visit(tutor, size)
        v.page.add_init_script(
            "window.shift = 0; new PerformanceObserver(list => {"
            "  for (const entry of list.getEntries()) window.shift += entry.value;"
            "}).observe({ type: 'layout-shift', buffered: true });"
        )
        open_calendar(v)
        assert v.page.evaluate("window.shift") < 0.05, size


def test_short_agenda_leaves_no_space_below_and_does_not_jump(visit, week):
    _tutor, student, _ids = week()
    v = visit(student, "phone")
    v.page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => {"
        "  for (const entry of list.getEntries()) window.shift += entry.value;"
        "}).observe({ type: 'layout-shift', buffered: true });"
    )
    open_calendar(v, view="agenda")
    coming = v.page.locator("#coming > summary")
    coming.wait_for()
    last = v.page.locator("#calendar .kr-event").last.bounding_box()
    assert coming.bounding_box()["y"] - last["y"] - last["height"] < 60
    assert v.page.evaluate("window.shift") < 0.05


def test_remaining_lessons_of_a_month_day_are_an_opaque_list(visit, scene, week):
    tutor, student, _ids = week()
    people = {"tutor": tutor["id"], "student": student["id"]}
    for hour in range(7, 14):
        scene.lesson(**people, starts_at=f"2027-01-08T{hour:02}:00:00+00:00")
    v = visit(tutor)
    open_calendar(v, view="month")
    more = v.page.locator(".kr-more-link").first
    assert more.bounding_box()["height"] >= 24
    assert event(v, "First").bounding_box()["height"] >= 24
    more.click()
    shown = v.page.locator(".kr-more")
    assert shown.bounding_box()["width"] <= 340
    background = shown.evaluate("e => getComputedStyle(e).backgroundColor")
    assert not background.startswith("rgba")
