"""The calendar in a real browser, against the real API."""

import re

import pytest

from tests.browser.conftest import BOTH, EVERY_WAY

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

SAVED = re.compile(r"/api/lessons/\d+/?$")


def open_calendar(visitor, date="2027-01-04", view="week"):
    visitor.page.goto(f"/calendar/?view={view}&date={date}")
    visitor.page.locator("#calendar .kr-event").first.wait_for()


def event(visitor, title):
    return visitor.page.locator("#calendar .kr-event", has_text=title).first


def fill_start(visitor, date, time):
    dialog = visitor.page.locator("dialog[open]")
    dialog.locator("input[type=date]").fill(date)
    dialog.locator("input[type=time]").fill(time)


def drag(visitor, start, end):
    """Drag with the mouse in small steps."""
    mouse = visitor.page.mouse
    mouse.move(*start)
    mouse.down()
    mouse.move(start[0], start[1] + 3, steps=3)
    mouse.move(*end, steps=10)
    mouse.up()


def touch_device(visitor):
    """Return a function that sends touch events, since the mouse sends none on a touch screen."""
    session = visitor.page.context.new_cdp_session(visitor.page)

    def touch(kind, *points):
        points = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return touch


def swipe(touch, start, end):
    for step in range(1, 11):
        x, y = (a + (b - a) * step / 10 for a, b in zip(start, end, strict=True))
        touch("touchMove", (x, y))
    touch("touchEnd")


def touch_and_hold(visitor, touch, title):
    """Touch a lesson until it is selected, which is when its resize handles are added."""
    point = center(event(visitor, title).bounding_box())
    touch("touchStart", point)
    event(visitor, title).locator("> :nth-child(4)").wait_for(state="attached")
    return point


def center(box):
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@EVERY_WAY
def test_lesson_card_shows_the_times_of_both_participants(visit, week, size, locale):
    tutor, _student, _ids = week(locale)
    v = visit(tutor, size, locale)
    open_calendar(v, view="day")
    event(v, "First").click()
    card = v.page.locator("dialog[open]")
    card.wait_for()
    text = card.inner_text()
    assert "10:00" in text
    assert "03:00" in text
    assert "Olena" in text


@EVERY_WAY
def test_week_headers_show_day_names_and_dates(visit, week, size, locale):
    tutor, _student, _ids = week(locale)
    v = visit(tutor, size, locale)
    open_calendar(v)
    heads = [text.split() for text in v.page.locator(".kr-day-header").all_inner_texts()]
    assert [head[-1] for head in heads] == [str(day) for day in range(4, 11)]
    assert heads[0][0].strip(",") == {"en": "Mon", "uk": "пн"}[locale]


@BOTH
def test_title_of_a_short_lesson_is_not_cut_off(visit, week, scene, size, locale):
    tutor, student, _ids = week(locale)
    people = {"tutor": tutor["id"], "student": student["id"]}
    for hour, minutes in ((7, 45), (12, 30), (13, 15)):
        start = f"2027-01-05T{hour:02}:00:00+00:00"
        scene.lesson(**people, starts_at=start, minutes=minutes, title="Sets")
    v = visit(tutor, size, locale)
    open_calendar(v)
    shown = v.page.locator(".kr-event:has-text('Sets') .kr-event-title")
    assert shown.count() == 3
    for title in shown.all():
        assert title.evaluate("e => e.clientHeight > 10")


@BOTH
def test_student_has_a_read_only_calendar(visit, week, size, locale):
    _tutor, student, ids = week(locale)
    v = visit(student, size, locale)
    open_calendar(v, view="day")
    event(v, "First").click()
    card = v.page.locator("dialog[open]")
    assert card.get_by_role("link").count() == 2
    v.press("Lesson page", "link", within=card)
    v.page.wait_for_url(f"**/lessons/{ids[0]}/")
    assert v.page.locator("main form").count() == 0


@BOTH
def test_completed_lesson_cannot_be_rescheduled_from_card_or_page(visit, week, scene, size, locale):
    tutor, student, _ids = week(locale)
    made = {"starts_at": "2027-01-04T13:00:00+00:00", "title": "Over", "status": "completed"}
    lesson = scene.lesson(tutor=tutor["id"], student=student["id"], **made)
    v = visit(tutor, size, locale)
    open_calendar(v, view="day")
    event(v, "Over").click()
    card = v.page.locator("dialog[open]")
    card.get_by_role("link").first.wait_for()
    reschedule = v.text_pattern("Reschedule")
    assert card.get_by_role("button", name=reschedule).count() == 0
    v.page.goto(f"/lessons/{lesson['id']}/")
    assert v.page.locator("main").get_by_role("link", name=reschedule).count() == 0


@pytest.mark.parametrize("locale", ["en", "uk"])
def test_lesson_moved_by_drag_can_be_undone(visit, week, scene, locale):
    tutor, _student, ids = week(locale)
    v = visit(tutor, locale=locale)
    open_calendar(v)
    box = event(v, "First").bounding_box()
    x, y = center(box)
    with v.page.expect_response(SAVED) as saved:
        drag(v, (x, y), (x + box["width"] * 1.05, y))
    assert saved.value.status == 200
    assert scene.lesson_state(lesson_id=ids[0])["starts_at"] == "2027-01-05T08:00:00+00:00"
    v.press("Undo", within=v.page.locator(".kr-notices"))
    v.wait_for_text("The lesson is back at its earlier time.")
    assert scene.lesson_state(lesson_id=ids[0])["starts_at"] == "2027-01-04T08:00:00+00:00"


@pytest.mark.parametrize(("locale", "view"), [("en", "day"), ("uk", "week")])
def test_lesson_moved_by_touch_can_be_undone(visit, week, scene, locale, view):
    tutor, _student, ids = week(locale)
    v = visit(tutor, "phone", locale)
    open_calendar(v, view=view)
    touch = touch_device(v)
    first, second = (event(v, title).bounding_box()["y"] for title in ("First", "Second"))
    start = touch_and_hold(v, touch, "First")
    with v.page.expect_response(SAVED) as saved:
        swipe(touch, start, (start[0], start[1] + 2 * (second - first)))
    assert saved.value.json()["starts_at"] == "2027-01-04T12:00:00Z"
    v.press("Undo", within=v.page.locator(".kr-notices"))
    v.wait_for_text("The lesson is back at its earlier time.")
    assert scene.lesson_state(lesson_id=ids[0])["starts_at"] == "2027-01-04T08:00:00+00:00"


def test_drag_onto_another_lesson_is_reverted_with_the_conflict(visit, week, scene):
    tutor, _student, ids = week()
    v = visit(tutor)
    open_calendar(v)
    first, second = event(v, "First").bounding_box(), event(v, "Second").bounding_box()
    drag(v, center(first), center(second))
    popover = v.page.locator(".kr-popover", has_text="That time is taken")
    popover.wait_for()
    assert "Olena Koval" in popover.inner_text()
    assert "12:00–13:00" in popover.inner_text()
    assert scene.lesson_state(lesson_id=ids[0])["starts_at"] == "2027-01-04T08:00:00+00:00"
    v.page.wait_for_function(
        "y => Math.abs([...document.querySelectorAll('#calendar .kr-event')]"
        ".find(e => e.textContent.includes('First')).getBoundingClientRect().y - y) < 2",
        arg=first["y"],
    )
    v.press("Reschedule anyway", within=popover)
    v.page.locator(".kr-notices .notice").wait_for()
    assert scene.lesson_state(lesson_id=ids[0])["starts_at"] == "2027-01-04T10:00:00+00:00"


@pytest.mark.parametrize("locale", ["en", "uk"])
def test_resize_by_mouse_changes_the_duration(visit, week, locale):
    tutor, _student, _ids = week(locale)
    v = visit(tutor, locale=locale)
    open_calendar(v)
    box = event(v, "Second").bounding_box()
    edge = (box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)
    event(v, "Second").hover()
    with v.page.expect_response(SAVED) as saved:
        drag(v, edge, (edge[0], edge[1] + box["height"] / 2))
    assert saved.value.json()["ends_at"] == "2027-01-04T11:30:00Z"


@pytest.mark.parametrize(("locale", "view"), [("en", "week"), ("uk", "day")])
def test_resize_by_touch_changes_the_duration(visit, week, locale, view):
    tutor, _student, _ids = week(locale)
    v = visit(tutor, "phone", locale)
    open_calendar(v, view=view)
    touch = touch_device(v)
    touch_and_hold(v, touch, "Second")
    touch("touchEnd")
    box = event(v, "Second").bounding_box()
    edge = (box["x"] + box["width"] / 2, box["y"] + box["height"])
    touch("touchStart", edge)
    with v.page.expect_response(SAVED) as saved:
        swipe(touch, edge, (edge[0], edge[1] + box["height"] / 2))
    assert saved.value.json()["ends_at"] == "2027-01-04T11:30:00Z"


@EVERY_WAY
def test_lesson_is_scheduled_in_a_dragged_time_range(visit, week, size, locale):
    tutor, _student, _ids = week(locale)
    v = visit(tutor, size, locale)
    open_calendar(v, view="day")
    second = event(v, "Second").bounding_box()
    x, y = center(second)
    start = (x, y + 1.5 * second["height"] + 8)  # inside the first quarter of the hour
    end = (x, start[1] + second["height"])
    if size == "laptop":
        drag(v, start, end)
    else:
        touch = touch_device(v)
        touch("touchStart", start)
        v.page.locator("#calendar .kr-event-new").wait_for()
        swipe(touch, start, end)
    dialog = v.page.locator("dialog[open]")
    dialog.get_by_role("combobox").first.fill("koval")
    dialog.get_by_role("option", name="Olena Koval").click()
    v.fill("Title (optional)", "Pulled")
    with v.page.expect_response("**/api/lessons/") as made:
        v.press("Schedule", within=dialog)
    assert made.value.status == 201
    assert made.value.json()["starts_at"] == "2027-01-04T12:00:00Z"
    event(v, "Pulled").wait_for()


@BOTH
def test_cancelled_lessons_can_be_shown(visit, week, scene, size, locale):
    tutor, _student, ids = week(locale)
    scene.cancel(lesson_id=ids[1])
    v = visit(tutor, size, locale)
    open_calendar(v, view="agenda")
    assert event(v, "Second").count() == 0
    v.page.get_by_label(v.text_pattern("Show cancelled")).check()
    event(v, "Second").wait_for()


@pytest.mark.parametrize(
    ("date", "instant", "kyiv", "new_york"),
    [
        # In 2027 DST begins on 14 March in America and on 28 March in Europe.
        ("2027-03-10", "2027-03-10T15:00:00+00:00", "17:00", "10:00"),
        ("2027-03-17", "2027-03-17T15:00:00+00:00", "17:00", "11:00"),
        ("2027-03-29", "2027-03-29T15:00:00+00:00", "18:00", "11:00"),
        # Both have standard time again from 7 November.
        ("2027-11-03", "2027-11-03T15:00:00+00:00", "17:00", "11:00"),
        ("2027-11-08", "2027-11-08T15:00:00+00:00", "17:00", "10:00"),
    ],
)
def test_lesson_times_are_right_in_both_zones_around_dst_changes(
    visit, scene, week, date, instant, kyiv, new_york
):
    tutor, student, _ids = week()
    scene.lesson(
        tutor=tutor["id"], student=student["id"], starts_at=instant, title="Across the clocks"
    )
    for person, own, other in ((tutor, kyiv, new_york), (student, new_york, kyiv)):
        # The zone of the account is used, not the zone of the browser.
        v = visit(person, timezone_id="Asia/Tokyo")
        open_calendar(v, date)
        assert own in event(v, "Across the clocks").inner_text()
        event(v, "Across the clocks").click()
        text = v.page.locator("dialog[open]").inner_text()
        assert own in text
        assert other in text


@EVERY_WAY
def test_lesson_can_be_rescheduled_in_the_form_with_the_keyboard(visit, week, scene, size, locale):
    tutor, _student, ids = week(locale)
    v = visit(tutor, size, locale)
    open_calendar(v)
    event(v, "First").focus()
    v.page.keyboard.press("Enter")
    dialog = v.page.locator("dialog[open]")
    dialog.get_by_role("button", name=v.text_pattern("Reschedule")).press("Enter")
    fill_start(v, "2027-01-06", "12:00")
    v.page.locator("dialog[open]").get_by_role("button", name=v.text_pattern("Save")).press("Enter")
    v.page.locator(".kr-notices .notice").wait_for()
    assert scene.lesson_state(lesson_id=ids[0])["starts_at"] == "2027-01-06T10:00:00+00:00"
