"""Lessons with several students, by keyboard in the calendar and on the lesson's page."""

import os

import pytest
from playwright.sync_api import expect

from tests.browser.axe import accessibility_violations, load_axe
from tests.browser.conftest import EVERY_WAY, translate
from tests.browser.test_calendar import event, open_calendar

pytestmark = [pytest.mark.browser, pytest.mark.any_database]


def photograph(visitor, name):
    folder = os.environ.get("GROUP_SHOTS")
    if folder:
        visitor.page.screenshot(path=f"{folder}/{name}-{visitor.locale}.png")


@pytest.fixture
def group(scene):
    """A tutor with three students, one lesson and the ids of the two others."""

    def make(locale):
        tutor = scene.person(role="tutor", timezone="Europe/Kyiv", locale=locale)
        people = [
            scene.person(role="student", first_name=first, last_name=last, timezone=zone)
            for first, last, zone in (
                ("Olena", "Koval", "Europe/Kyiv"),
                ("Ivan", "Melnyk", "America/Toronto"),
                ("Zoia", "Yatsenko", "Europe/Kyiv"),
            )
        ]
        scene.classroom(tutor=tutor["id"], students=[one["id"] for one in people])
        scene.lesson(
            tutor=tutor["id"], student=people[0]["id"], starts_at="2027-01-04T08:00:00+00:00"
        )
        return tutor, people

    return make


def choose(visitor, text):
    """Type into the focused combobox and choose the first option by keyboard."""
    visitor.page.keyboard.type(text)
    options = visitor.page.locator("[role=listbox] [role=option]")
    expect(options).to_have_count(1)
    visitor.page.keyboard.press("Enter")


@EVERY_WAY
def test_group_is_scheduled_by_keyboard(visit, group, size, locale):
    tutor, _people = group(locale)
    v = visit(tutor, size, locale, reduced_motion="reduce")
    load_axe(v.page.context)
    open_calendar(v, view="day")
    v.press("New lesson")
    dialog = v.page.locator("dialog[open]")
    dialog.get_by_role("combobox").first.focus()
    for name in ("koval", "melnyk", "yatsenko"):
        choose(v, name)
    chips = dialog.locator(".kr-chips > li")
    expect(chips).to_have_count(3)
    v.page.keyboard.press("Backspace")
    expect(chips).to_have_text(["Olena Koval×", "Ivan Melnyk×"])
    expect(dialog.get_by_role("combobox").first).to_be_focused()
    expect(dialog).to_contain_text({"en": "(Toronto)", "uk": "(Торонто)"}[locale])
    dialog.locator("input[type=date]").fill("2027-01-04")
    dialog.locator("input[type=time]").fill("14:00")
    photograph(v, f"dialog-{size}")
    with v.page.expect_response("**/api/lessons/") as made:
        v.press("Schedule", within=dialog)
    assert [one["last_name"] for one in made.value.json()["students"]] == ["Koval", "Melnyk"]
    event(v, "Olena Koval, Ivan Melnyk").wait_for()
    event(v, "Olena Koval, Ivan Melnyk").click()
    card = v.page.locator("dialog[open]")
    expect(card.get_by_role("link", name="Ivan Melnyk")).to_be_visible()
    photograph(v, f"card-{size}")
    assert accessibility_violations(v.page) == []


@EVERY_WAY
def test_student_is_removed_from_the_choice_by_a_button(visit, group, size, locale):
    tutor, _people = group(locale)
    v = visit(tutor, size, locale)
    open_calendar(v, view="day")
    v.press("New lesson")
    dialog = v.page.locator("dialog[open]")
    dialog.get_by_role("combobox").first.focus()
    choose(v, "koval")
    choose(v, "melnyk")
    name = translate("Remove %(name)s", locale) % {"name": "Olena Koval"}
    dialog.get_by_role("button", name=name).click()
    expect(dialog.locator(".kr-chips > li")).to_have_text(["Ivan Melnyk×"])


@EVERY_WAY
def test_tutor_records_who_came_on_the_lesson_page(visit, group, scene, size, locale):
    tutor, people = group(locale)
    made = scene.lesson(
        tutor=tutor["id"], student=people[0]["id"], starts_at="2026-01-04T08:00:00+00:00"
    )
    scene.add_participant(lesson_id=made["id"], student=people[1]["id"])
    v = visit(tutor, size, locale, reduced_motion="reduce")
    load_axe(v.page.context)
    v.page.goto(f"/lessons/{made['id']}/")
    students = v.page.locator("#students")
    row = students.locator("li", has_text="Ivan Melnyk")
    v.press("Came", within=row)
    expect(row.locator(".badge.attended")).to_be_visible()
    for theme in ("dark", "light"):
        v.page.emulate_media(color_scheme=theme)
        photograph(v, f"lesson-{theme}-{size}")
    assert accessibility_violations(v.page) == []
