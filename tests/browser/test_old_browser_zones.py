"""A browser whose Intl does not know the user's time zone and throws a RangeError."""

import json

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

OLD_INTL = """(() => {
  const unknown = new Set(%s);
  const refuse = (options) => {
    if (unknown.has(options?.timeZone)) throw new RangeError('Invalid time zone');
  };
  const { DateTimeFormat } = Intl;
  const Old = function (locale, options) {
    refuse(options);
    return new DateTimeFormat(locale, options);
  };
  Old.prototype = DateTimeFormat.prototype;
  Old.supportedLocalesOf = DateTimeFormat.supportedLocalesOf;
  Intl.DateTimeFormat = Old;
  for (const name of ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']) {
    const real = Date.prototype[name];
    Date.prototype[name] = function (locale, options) {
      refuse(options);
      return real.call(this, locale, options);
    };
  }
})()"""
KYIV = ["Europe/Kyiv"]
# Zones of which the browser knows no name.
NOTHING = ["Europe/Kyiv", "Europe/Kiev", "Europe/Uzhgorod", "Europe/Zaporozhye"]


@pytest.fixture
def pair(scene):
    tutor = scene.person(role="tutor", first_name="Taras", timezone="Europe/Kyiv", locale="en")
    student = scene.person(role="student", timezone="America/Nuuk", locale="en")
    scene.classroom(tutor=tutor["id"], students=[student["id"]])
    lesson = scene.lesson(
        tutor=tutor["id"],
        student=student["id"],
        starts_at="2027-01-04T08:00:00+00:00",
        title="First",
    )
    return tutor, student, lesson["id"]


def visit_as_old(visit, person, unknown):
    visitor = visit(person)
    visitor.page.add_init_script(OLD_INTL % json.dumps(unknown))
    return visitor


@pytest.mark.parametrize("unknown", [KYIV, [*KYIV, "America/Nuuk"], NOTHING])
def test_calendar_shows_lessons_by_the_right_clock(visit, pair, unknown):
    tutor, _student, _lesson = pair
    visitor = visit_as_old(visit, tutor, unknown)
    visitor.page.goto("/calendar/?view=week&date=2027-01-04")
    event = visitor.page.locator("#calendar .kr-event", has_text="First").first
    expect(event).to_contain_text("10:00")
    event.click()
    card = visitor.page.get_by_role("dialog")
    expect(card).to_contain_text("10:00")


@pytest.mark.parametrize("unknown", [KYIV, NOTHING])
def test_room_opens_and_its_chat_has_the_right_clock(visit, pair, unknown):
    tutor, _student, lesson = pair
    visitor = visit_as_old(visit, tutor, unknown)
    visitor.page.goto(f"/lessons/{lesson}/room/")
    visitor.page.get_by_role("button", name="Enter").first.click()
    visitor.page.get_by_label("Write a message").fill("Добрий день")
    visitor.page.get_by_role("button", name="Send", exact=True).click()
    said = visitor.page.get_by_role("log").locator("time")
    said.wait_for()
    instant = said.get_attribute("datetime")
    expected = visitor.page.evaluate(
        "(at) => new Date(at).toLocaleTimeString('en-GB', { timeStyle: 'short' })",
        instant,
    )
    expect(said).to_have_text(expected)


def test_lesson_form_shows_the_other_clock(visit, pair):
    tutor, student, _lesson = pair
    visitor = visit_as_old(visit, tutor, [*KYIV, "America/Nuuk"])
    visitor.page.goto(f"/lessons/new/?student={student['id']}&date=2027-01-05&time=10:00")
    hint = visitor.page.locator("[data-their-time]")
    visitor.page.locator("input[name=date]").fill("2027-01-05")
    visitor.page.locator("input[name=time]").fill("10:00")
    expect(hint).to_contain_text("06:00")
