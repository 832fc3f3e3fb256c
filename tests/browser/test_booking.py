"""A student books and moves a lesson, and the tutor answers, on a phone and with the keyboard."""

import re

import pytest

from tests.browser.conftest import BOTH

pytestmark = [pytest.mark.browser, pytest.mark.any_database]


@pytest.fixture
def people(scene, request):
    """A tutor who confirms each lesson, and a student in another zone."""

    def make(locale):
        tutor = scene.person(role="tutor", locale=locale)
        student = scene.person(role="student", locale=locale, timezone="Europe/London")
        scene.classroom(tutor=tutor["id"], students=[student["id"]])
        scene.availability(
            tutor=tutor["id"], requires_confirmation=True, minimum_notice_minutes=1440
        )
        return tutor, student

    return make


@BOTH
def test_student_asks_for_a_time_and_the_tutor_confirms_it(visit, people, size, locale):
    tutor, student = people(locale)
    v = visit(student, size, locale)
    v.page.goto("/calendar/")
    v.press("Book a lesson", role="link")
    first = v.page.locator(".times .btn").first
    assert first.inner_text().startswith("13:00")  # 15:00 in Kyiv
    first.click()
    v.wait_for_text("Book this lesson?")
    v.press("Ask for this lesson")
    v.page.wait_for_url(re.compile(r"/lessons/\d+/$"))
    v.wait_for_text("Your tutor has not confirmed this lesson yet. Its time is held for you.")
    v.page.goto(f"/tutors/{tutor['id']}/book/")
    assert v.page.locator(".times .btn").first.inner_text().startswith("14:00")

    t = visit(tutor, size, locale)
    t.page.goto("/today/")
    button = t.page.get_by_role("button", name=t.text_pattern("Confirm"))
    button.focus()
    t.page.keyboard.press("Enter")
    t.wait_for_text("Confirmed. Your student gets an e-mail.")
    assert button.count() == 0


@BOTH
def test_held_time_is_not_offered_to_another_student(visit, scene, people, size, locale):
    tutor, student = people(locale)
    other = scene.person(role="student", locale=locale)
    scene.classroom(tutor=tutor["id"], students=[other["id"]])
    v = visit(student, size, locale)
    v.page.goto(f"/tutors/{tutor['id']}/book/")
    v.page.locator(".times .btn").first.click()
    v.page.wait_for_url("**/held/")
    w = visit(other, size, locale)
    w.page.goto(f"/tutors/{tutor['id']}/book/")
    assert w.page.locator(".times .btn").first.inner_text().startswith("16:00")
    v.press("Choose another time")
    v.page.wait_for_url("**/book/**")
    w.page.reload()
    assert w.page.locator(".times .btn").first.inner_text().startswith("15:00")


def test_tutor_enters_hours_with_the_keyboard(visit, scene):
    v = visit(scene.person(role="tutor", locale="en"))
    v.page.goto("/settings/availability/")
    v.page.locator("#id_from_0_0").focus()
    v.page.keyboard.type("0300PM")
    v.page.locator("#id_to_0_0").focus()
    v.page.keyboard.type("0700PM")
    v.page.locator("main form .btn.primary").first.focus()
    v.page.keyboard.press("Enter")
    v.wait_for_text("Saved.")
    assert v.page.locator("#id_from_0_0").input_value() == "15:00"
    assert v.page.locator("#id_to_0_0").input_value() == "19:00"
    assert v.page.locator("#id_from_0_1").input_value() == ""
