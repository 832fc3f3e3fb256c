"""A student cancels by the rules and follows the account; the tutor enters, waives and freezes."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.axe import accessibility_violations, load_axe
from tests.browser.conftest import BOTH

pytestmark = [pytest.mark.browser, pytest.mark.any_database]


@pytest.fixture
def school(scene):
    """A tutor with rules and a rate; a student with a pack of one lesson; a lesson in 2 h 40 min
    and one that was held."""

    def make(locale):
        tutor = scene.person(role="tutor", first_name="Тарас", last_name="Вчитель", locale=locale)
        student = scene.person(role="student", last_name="Коваль", locale=locale)
        people = {"tutor": tutor["id"], "student": student["id"]}
        scene.policy(tutor=tutor["id"], no_fault_reasons=["illness", "air_alert"])
        scene.classroom(tutor=tutor["id"], students=[student["id"]])
        scene.rate(**people, amount=400)
        scene.pack(**people, lessons=1)
        now = timezone.now()
        held = scene.lesson(**people, starts_at=(now - timedelta(hours=3)).isoformat())["id"]
        scene.record(lesson_id=held, student=student["id"], status="attended")
        soon = (now + timedelta(hours=2, minutes=40, seconds=50)).isoformat()
        late = scene.lesson(**people, starts_at=soon)["id"]
        return tutor, student, late

    return make


def look(v):
    """Check the open page at both widths and in both themes."""
    assert accessibility_violations(v.page) == []


def open_as(visit, person, size, locale):
    v = visit(person, size, locale, reduced_motion="reduce")
    load_axe(v.page.context)
    return v


@BOTH
def test_student_cancels_late_and_the_tutor_waives(visit, school, size, locale):
    tutor, student, late = school(locale)
    v = open_as(visit, student, size, locale)
    v.page.goto("/calendar/?view=agenda")
    v.page.locator("#coming summary").click()
    v.page.locator(f"#coming a[href='/lessons/{late}/cancel/']").wait_for()
    v.page.goto(f"/lessons/{late}/")
    v.page.locator("[data-dialog=cancel-dialog]").click()
    dialog = v.page.locator("dialog[open]")
    words = {"en": "this lesson will be charged", "uk": "за цей урок доведеться заплатити"}[locale]
    expect(dialog).to_contain_text(words)
    assert accessibility_violations(v.page) == []
    v.press("Cancel lesson", within=dialog)
    v.wait_for_text("Cancelled. The lesson is charged. Your tutor is told.")
    v.page.goto("/balance/")
    expect(v.page.locator(".ledger > li")).to_have_count(3)
    look(v)

    t = open_as(visit, tutor, size, locale)
    t.page.goto(f"/lessons/{late}/")
    menu = t.page.locator("#students details.waive")
    menu.locator("summary").click()
    assert accessibility_violations(t.page) == []
    menu.locator("[name=note]").fill("Була в лікарні")
    t.press("Waive charge", within=menu)
    t.wait_for_text("Waived. The student’s account shows it with your note.")
    v.page.reload()
    expect(v.page.locator(".ledger > li")).to_have_count(4)
    expect(v.page.locator(".ledger")).to_contain_text("Була в лікарні")


@BOTH
def test_tutor_enters_reverses_and_freezes(visit, school, size, locale):
    tutor, student, _late = school(locale)
    v = open_as(visit, tutor, size, locale)
    account = f"/students/{student['id']}/account/"
    v.page.goto(account)
    v.press("Add payment", role="link")
    v.page.locator("[name=amount]").fill("1 200,50")
    look(v)
    v.press("Save")
    v.page.wait_for_url(f"**{account}")
    expect(v.page.locator(".ledger > li").first).to_contain_text("200")
    v.press("Add pack", role="link")
    v.page.locator("[name=amount]").fill("8")
    v.press("Save")
    v.page.wait_for_url(f"**{account}")
    v.press("Freeze")
    v.wait_for_text("The pack is frozen: it is not used and does not expire.")
    look(v)
    v.press("Unfreeze")
    v.page.locator(".ledger a[href$='/reverse/']").nth(1).click()
    v.page.locator("[name=note]").fill("Помилка")
    v.press("Reverse entry")
    v.page.wait_for_url(f"**{account}")
    expect(v.page.locator(".ledger > li").first).to_contain_text("Помилка")
    look(v)


@BOTH
def test_rules_are_changed_and_accepted(visit, school, size, locale):
    tutor, student, _late = school(locale)
    v = open_as(visit, tutor, size, locale)
    v.page.goto("/settings/cancellation-policy/")
    v.page.locator("[name=late_charge_percent]").fill("50")
    v.press("Save")
    v.wait_for_text("Saved. Your students are shown the new rules.")
    expect(v.page.locator(".policy")).to_contain_text("50 %")
    look(v)
    s = open_as(visit, student, size, locale)
    s.page.goto("/calendar/")
    s.press("Read and accept", role="link")
    look(s)
    s.press("Accept rules")
    expect(s.page.locator(".notice.success")).to_be_visible()
    s.page.goto("/calendar/")
    expect(s.page.locator("a[href$='/policy/']")).to_have_count(0)
