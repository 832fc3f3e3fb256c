"""A tutor plans lessons with a student who has no account yet, and keeps a card of each student."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from openpyxl import Workbook
from playwright.sync_api import expect

from tests.browser.conftest import BOTH, translate

pytestmark = [pytest.mark.browser, pytest.mark.any_database]


def add_student(v, last_name):
    v.page.goto("/students/")
    v.press("Add student", "link")
    for label, text in (
        ("First name", "Софія"),
        ("Last name", last_name),
        ("Phone", "+380 67 123 45 67"),
        ("Parent’s name", "Оксана Бондар"),
        ("Parent’s phone", "067 765-43-21"),
        ("Level", "9 клас"),
        ("Private note", "Готується до ЗНО"),
    ):
        v.fill(label, text)
    v.press("Add student")
    v.page.wait_for_url(re.compile(r"/students/\d+/$"))


def schedule(v):
    v.press("Schedule lesson", "link")
    v.fill("Title", "Вектори")
    v.page.locator("form.card").get_by_role("button", name=v.text_pattern("Schedule")).click()
    v.page.wait_for_url(re.compile(r"/lessons/\d+/$"))


@BOTH
def test_lesson_planned_before_sign_up_becomes_the_students(visit, scene, size, locale):
    tutor = scene.person(role="tutor", locale=locale, last_name="Вчитель")
    scene.classroom(tutor=tutor["id"], students=[])
    v = visit(tutor, size, locale)
    add_student(v, f"Бондар{size}")
    card = v.page.url
    v.wait_for_text("no account yet")
    assert v.page.locator(".facts a[href='tel:0677654321']").count() == 1
    schedule(v)
    lesson = v.page.url
    v.page.locator(".facts a", has_text="Софія").click()
    v.page.wait_for_url(card)
    link = v.page.locator("#student-link").input_value()

    student = visit(None, size, locale)
    student.page.goto(link)
    student.press("Sign up", "link", student.page.locator(".card"))
    student.wait_for_text("This isn’t me")
    assert student.page.locator("input[name=first_name]").input_value() == "Софія"
    assert student.page.locator("input[name=role][value=student]").is_checked()
    student.page.locator("input[name=email]").fill(f"sofia-{size}@home.example")
    student.page.locator("input[name=password1]").fill("крейда і дошка 7")
    student.press("Create account")
    student.page.wait_for_url("**/calendar/")
    student.page.goto(lesson)
    student.page.get_by_role("heading", name="Вектори").wait_for()

    v.page.reload()
    v.page.get_by_text(f"sofia-{size}@home.example").first.wait_for()
    v.page.get_by_text("Готується до ЗНО").wait_for()
    assert v.page.get_by_text(translate("no account yet", locale)).count() == 0


def test_account_takes_the_lessons_over_by_the_link(visit, scene):
    tutor = scene.person(role="tutor", locale="en")
    room = scene.classroom(tutor=tutor["id"], students=[])
    added = scene.placeholder(classroom_id=room["id"])
    start = timezone.now().replace(microsecond=0) + timedelta(hours=2)
    planned = scene.lesson(tutor=tutor["id"], student=added["id"], starts_at=start.isoformat())
    student = scene.person(role="student", locale="en", first_name="Соломія")
    v = visit(student)
    v.page.goto(added["path"])
    v.press("Accept")
    v.page.wait_for_url("**/calendar/")
    v.page.goto(f"/lessons/{planned['id']}/")
    expect(v.page.locator(".facts")).to_be_visible()
    seen = visit(tutor)
    seen.page.goto("/students/")
    seen.page.get_by_text("Соломія").first.wait_for()
    assert seen.page.locator(".students > li").count() == 1


def test_card_is_reached_from_calendar_and_list_and_keeps_the_note(visit, scene):
    tutor = scene.person(role="tutor", locale="en")
    student = scene.person(role="student", locale="en", first_name="Олена", last_name="Коваль")
    scene.classroom(tutor=tutor["id"], students=[student["id"]])
    start = timezone.now().replace(minute=0, second=0, microsecond=0)
    scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=start.isoformat())
    v = visit(tutor)
    v.page.goto("/calendar/?view=day")
    v.page.locator(".fc a, .kr-event, [class*=event]", has_text="Олена").first.click()
    v.page.get_by_role("dialog").get_by_role("link", name="Олена Коваль").click()
    v.page.wait_for_url(f"**/students/{student['id']}/")
    v.press("Edit", "link")
    v.fill("Private note", "Добре рахує")
    v.press("Save")
    v.page.get_by_text("Добре рахує").wait_for()
    v.page.goto("/students/")
    v.page.get_by_role("link", name="Олена Коваль", exact=True).click()
    v.page.get_by_text("Добре рахує").wait_for()


@BOTH
def test_workbook_is_imported_with_names_contacts_and_chosen_columns(
    visit, scene, size, locale, tmp_path
):
    tutor = scene.person(role="tutor", locale=locale)
    book = Workbook()
    for row in (
        ("Список 9-А",),
        ("Прізвище", "Ім’я", "Пошта учня", "Телефон мами", "Щось"),
        ("Бондар", "Софія", "s@home.example", 380671234567, "ЗНО"),
        ("Лис", "Юрій", None, None, None),
    ):
        book.active.append(row)
    book.save(tmp_path / "roster.xlsx")
    v = visit(tutor, size, locale)
    v.page.goto("/students/import/")
    v.page.locator("input[type=file]").set_input_files(tmp_path / "roster.xlsx")
    v.fill("Name of the new classroom", "Алгебра")
    v.press("View list")
    v.page.get_by_role("cell", name="380671234567").wait_for()
    assert v.page.locator("tbody tr").count() == 2
    v.page.locator("details.disclosure summary").click()
    v.page.locator("select[name=note]").select_option("4")
    v.press("Update preview")
    v.page.get_by_role("cell", name="ЗНО").wait_for()
    v.page.locator("main form button.primary").click()
    v.page.get_by_role("heading", name="Алгебра").wait_for()
    assert v.page.locator("#list li").count() == 2
    v.page.get_by_role("link", name="Софія Бондар", exact=True).click()
    v.page.get_by_text("ЗНО").wait_for()
    assert v.page.locator("a[href='tel:380671234567']").count() == 1
