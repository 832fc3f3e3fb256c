"""Lists of users and sessions: no text is cut off at any width."""

import pytest

from tests.browser.conftest import BOTH

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

LONG = "olena.koval@gymnasium-of-mathematics-and-natural-sciences.{}.example"
CUT = """() => [...document.querySelectorAll("#list h2, #list p")]
  .filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"""


@BOTH
def test_long_email_address_is_not_cut_off(visit, scene, size, locale):
    tutor = scene.person(role="tutor", locale=locale)
    student = scene.person(role="student", email=LONG.format(size))
    room = scene.classroom(tutor=tutor["id"], students=[student["id"]])
    v = visit(tutor, size, locale)
    for path in ("/students/", f"/classrooms/{room['id']}/", "/lessons/new/"):
        v.page.goto(path)
        v.page.get_by_text(student["email"]).wait_for()
        assert v.page.evaluate(CUT) == []


@BOTH
def test_badge_of_the_current_session_is_as_wide_as_its_text(visit, size, locale):
    v = visit(size=size, locale=locale)
    v.page.goto("/accounts/signup/")
    v.page.locator("input[name=role][value=student]").check()
    v.fill("First name", "Olena")
    v.fill("Last name", "Koval")
    v.page.locator("input[name=email]").fill(f"badge-{size}@school.example")
    v.page.locator("input[name=password1]").fill("крейда і дошка 7")
    v.press("Create account")
    v.page.wait_for_url("**/calendar/")
    v.page.goto("/accounts/sessions/")
    badge = v.page.locator(".badge", has_text=v.text_pattern("this browser"))
    assert badge.bounding_box()["width"] < 140


@pytest.mark.parametrize("path", ["/students/", "/lessons/new/"])
def test_search_button_stands_beside_its_field_on_a_phone(visit, scene, path):
    v = visit(scene.person(role="tutor", locale="uk"), size="phone", locale="uk")
    v.page.goto(path)
    field, button = (
        v.page.locator(f"main form[role=search] {name}").bounding_box()
        for name in ("input[type=search]", "button")
    )
    assert field["y"] <= button["y"] < field["y"] + field["height"]
