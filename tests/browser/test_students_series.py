"""A series as its student sees it on a phone: in the calendar, on the lesson's page and its own."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.axe import accessibility_violations, load_axe

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

TORONTO = ZoneInfo("America/Toronto")
CHANGE = {"en": "your lesson is at {} instead of {}", "uk": "ваш урок о {} замість {}"}
OF_TUTORS = ["/restart/", "/changes/", "/edit/", "/students/"]


@pytest.fixture
def group(scene):
    """A student in Toronto with another one in a series at 18:00 in Kyiv, across a clock change."""

    def make(locale):
        tutor = scene.person(role="tutor", first_name="Taras", timezone="Europe/Kyiv")
        zone = {"timezone": "America/Toronto", "locale": locale}
        student = scene.person(role="student", first_name="Olena", **zone)
        friend = scene.person(role="student", first_name="Max", last_name="Power")
        ids = [student["id"], friend["id"]]
        scene.classroom(tutor=tutor["id"], students=ids)
        rule = {"rrule": "FREQ=WEEKLY;COUNT=35", "title": "Vectors"}
        return student, friend, scene.series(tutor=tutor["id"], students=ids, **rule)

    return make


def local_times(page, series):
    """The clock times in Toronto of the first lesson and of the first one at another time."""
    found = page.request.get(f"/api/lesson-series/{series['id']}/lessons/?limit=100").json()
    starts = [datetime.fromisoformat(each["starts_at"]) for each in found["results"]]
    first, *others = [f"{start.astimezone(TORONTO):%H:%M}" for start in starts]
    return first, next(time for time in others if time != first)


def open_by_keyboard(page, link):
    """Tab to a link and follow it."""
    for _ in range(60):
        if link.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("locale", CHANGE)
def test_student_finds_the_series_of_a_lesson_by_keyboard(visit, group, locale):
    student, friend, series = group(locale)
    v = visit(student, "phone", locale, timezone_id="America/Toronto", reduced_motion="reduce")
    page = v.page
    load_axe(page.context)
    found = page.request.get(f"/api/lessons/{series['lessons'][0]}/").json()
    now, then = local_times(page, series)
    change = CHANGE[locale].format(then, now)
    page.goto(f"/calendar/?view=agenda&date={found['starts_at'][:10]}")
    lesson = page.locator("#calendar .kr-event", has_text="Vectors").first
    expect(lesson).to_contain_text(now)
    expect(lesson.locator(".kr-event-series")).to_have_count(1)
    problems = accessibility_violations(page)

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/lessons/{found['id']}/")
    expect(page.locator("main")).to_contain_text(change)
    problems += accessibility_violations(page)
    page.set_viewport_size({"width": 390, "height": 844})
    open_by_keyboard(page, page.locator(f"a[href='/series/{series['id']}/']"))

    page.wait_for_url(f"**/series/{series['id']}/")
    expect(page.locator(".plain-list a[href^='/lessons/']").first).to_contain_text(now)
    expect(page.locator("main")).to_contain_text(change)
    content = page.content()
    assert friend["email"] not in content
    assert not [path for path in OF_TUTORS if f'{path}"' in content]
    problems += accessibility_violations(page)
    assert problems == []
