"""User journeys of a tutor and a student, with mouse and keyboard, at laptop and phone size."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tests.browser.conftest import BOTH, EVERY_WAY, SIZES

pytestmark = [pytest.mark.browser, pytest.mark.any_database]


def soon(**delta):
    return (timezone.now() + timedelta(**delta)).replace(microsecond=0).isoformat()


@pytest.fixture
def school(scene):
    """Create a tutor with a student in another time zone."""

    def make(locale="en", **fields):
        tutor = scene.person(role="tutor", locale=locale)
        student = scene.person(
            role="student",
            first_name="Олена",
            last_name="Коваль",
            locale=locale,
            timezone="America/Toronto",
        )
        room = scene.classroom(tutor=tutor["id"], students=[student["id"]])
        return tutor, student, room

    return make


@EVERY_WAY
def test_sign_up_and_sign_in(visit, size, locale):
    v = visit(size=size, locale=locale, timezone_id="America/Toronto")
    v.page.goto("/")
    v.press("Start teaching", "link")
    v.page.wait_for_url("**/accounts/signup/?role=tutor")
    assert v.page.locator("select[name=timezone]").input_value() == "America/Toronto"
    v.page.locator("input[name=role][value=tutor]").check()
    v.fill("First name", "Леся")
    v.fill("Last name", "Українка")
    email = f"lesia-{size}-{locale}@school.example"
    v.page.locator("input[name=email]").fill(email)
    v.page.locator("input[name=password1]").fill("крейда і дошка 7")
    v.page.locator("select[name=timezone]").select_option("Europe/Warsaw")
    v.press("Create account")
    v.page.wait_for_url("**/calendar/")
    v.page.locator(".notice.warning a[href='/classrooms/']").wait_for()
    v.page.locator("details.menu summary").click()
    v.press("Sign out")
    v.page.wait_for_url("**/")
    v.page.goto("/students/")
    v.page.locator("input[name=login]").fill(email)
    v.page.locator("input[name=password]").fill("крейда і дошка 7")
    v.page.locator("main").get_by_role("button").click()
    v.page.wait_for_url("**/students/")
    v.page.goto("/settings/")
    assert v.page.locator("select[name=timezone]").input_value() == "Europe/Warsaw"


@BOTH
def test_language_and_theme(visit, size, locale):
    v = visit(size=size, locale=locale)
    v.page.goto("/accounts/login/")
    v.page.get_by_role("button", name="Українська").click()
    assert v.page.locator("html").get_attribute("lang") == "uk"
    v.page.get_by_role("button", name="English").click()
    assert v.page.locator("html").get_attribute("lang") == "en"
    background = "getComputedStyle(document.body).backgroundColor"
    paper = v.page.evaluate(background)
    v.page.locator("[data-set-theme=dark]").click()
    v.page.wait_for_function(f"{background} !== '{paper}'")
    v.page.emulate_media(color_scheme="dark")
    v.page.locator("[data-set-theme=light]").click()
    v.page.wait_for_function(f"{background} === '{paper}'")
    v.page.goto("/")
    assert v.page.evaluate(background) == paper
    v.page.locator("[data-set-theme=dark]").click()
    v.page.goto("/")
    assert v.page.evaluate(background) != paper
    assert v.page.locator("html").get_attribute("data-theme") == "dark"


@EVERY_WAY
def test_classroom_can_be_created_joined_managed_and_archived(visit, scene, size, locale):
    tutor = scene.person(role="tutor", locale=locale)
    student = scene.person(role="student", first_name="Joan", last_name="Doe", locale=locale)
    t = visit(tutor, size, locale)
    t.page.goto("/classrooms/")
    t.wait_for_text("No classroom yet")
    t.fill("Name", "Фізика")
    t.press("Create classroom")
    t.page.get_by_role("heading", name="Фізика").first.wait_for()
    t.page.wait_for_load_state()
    assert t.page.locator("img.qr").evaluate("img => img.naturalWidth > 100")
    t.press("Copy")
    link = t.page.evaluate("navigator.clipboard.readText()")
    s = visit(student, size, locale)
    s.page.goto("/join/" + link.rpartition("/join/")[2])
    s.press("Join")
    s.page.wait_for_url("**/classrooms/")
    s.page.get_by_role("heading", name="Фізика").wait_for()
    t.page.reload()
    t.press("Pause")
    t.page.locator(".badge.paused").wait_for()
    t.press("Resume")
    t.page.locator(".badge.active").wait_for()
    code = t.page.locator("#code").inner_text()
    t.press("Create new code", "link")
    t.press("Create new code", within=t.page.locator("dialog[open]"))
    t.page.locator(".flash").wait_for()
    assert t.page.locator("#code").inner_text() != code
    t.fill("E-mail of a student", "new@school.example")
    t.press("Invite")
    t.page.locator(".badge.invited").wait_for()
    t.page.locator("details.disclosure summary").click()
    t.press("Archive", "link")
    t.press("Archive", within=t.page.locator("dialog[open]"))
    t.press("Undo")
    t.page.get_by_role("heading", name="Фізика").first.wait_for()


@EVERY_WAY
def test_student_can_accept_an_invitation(visit, scene, size, locale):
    tutor = scene.person(role="tutor")
    student = scene.person(role="student", locale=locale)
    room = scene.classroom(tutor=tutor["id"], students=[], name="Chemistry")
    scene.invitation(classroom_id=room["id"], student=student["id"])
    v = visit(student, size, locale)
    v.page.goto("/classrooms/")
    v.press("Accept")
    v.page.locator(".badge.active").wait_for()


@BOTH
def test_student_search_updates_while_typing(visit, scene, size, locale):
    tutor = scene.person(role="tutor", locale=locale)
    people = [
        scene.person(role="student", first_name=name, last_name=f"Surname{n:02}")["id"]
        for n, name in enumerate(["Ганна", "Богдан", *["Other"] * 20])
    ]
    scene.classroom(tutor=tutor["id"], students=people)
    v = visit(tutor, size, locale)
    v.page.goto("/students/")
    assert v.page.locator("#list li").count() == 20
    v.page.locator(".pager a[rel=next]").click()
    v.page.wait_for_url("**/students/?page=2")
    v.page.locator("#q").press_sequentially("ГАННА")
    v.page.get_by_role("heading", name="Ганна Surname00").wait_for()
    v.page.wait_for_url("**/students/?q=*")
    assert v.page.locator("#list li").count() == 1
    shared = v.page.url
    v.press("Schedule", "link")
    v.page.wait_for_url("**/lessons/new/?student=*")
    v.page.go_back()
    assert v.page.url == shared
    assert v.page.locator("#q").input_value() == "ГАННА"
    assert v.page.locator("#list li").count() == 1


@EVERY_WAY
def test_lesson_can_be_scheduled_overlapped_rescheduled_and_cancelled(visit, school, size, locale):
    tutor, _student, _room = school(locale)
    v = visit(tutor, size, locale)
    v.page.goto("/students/")
    v.press("Schedule", "link")
    v.page.locator("input[name=date]").fill("2027-01-11")
    v.page.locator("input[name=time]").fill("17:00")
    city = {"en": "Toronto", "uk": "Торонто"}[locale]
    assert f"({city})" in v.page.locator("[data-their-time]").inner_text()
    assert "10:00" in v.page.locator("[data-their-time]").inner_text()
    v.press("Schedule")
    v.page.locator(".when").wait_for()
    page = v.page.locator("main").inner_text()
    assert "17:00–18:00" in page
    assert "10:00–11:00" in page
    v.page.goto("/students/")
    v.press("Schedule", "link")
    v.page.locator("input[name=date]").fill("2027-01-11")
    v.page.locator("input[name=time]").fill("17:30")
    v.page.locator("input[name=title]").fill("Second")
    v.press("Schedule")
    assert ", 17:00–18:00" in v.page.get_by_role("alert").inner_text()
    assert v.page.locator("input[name=title]").input_value() == "Second"
    v.page.locator("input[name=allow_overlap]").check()
    v.press("Schedule")
    v.page.get_by_role("heading", name="Second").wait_for()
    v.press("Reschedule", "link")
    v.page.locator("input[name=time]").fill("19:00")
    v.press("Save")
    v.page.get_by_text("19:00–20:00").wait_for()
    v.press("Cancel lesson", "link")
    dialog = v.page.locator("dialog[open]")
    dialog.locator("textarea").fill("Хворію")
    v.press("Cancel lesson", within=dialog)
    v.page.locator(".badge.cancelled").wait_for()
    assert "Хворію" in v.page.locator("main").inner_text()


@EVERY_WAY
def test_invite_link_can_be_created_copied_and_revoked(visit, scene, school, size, locale):
    tutor, student, _room = school(locale)
    lesson = scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=soon(minutes=5))
    v = visit(tutor, size, locale)
    v.page.goto(f"/lessons/{lesson['id']}/")
    v.press("Create link")
    v.page.locator("#invite-url").wait_for()
    v.press("Copy", within=v.page.locator("#invite"))
    link = v.page.evaluate("navigator.clipboard.readText()")
    assert ":" in v.page.locator("#invite .help").inner_text()
    g = visit(None, size, locale)
    path = link[link.index("/invite/") :]
    g.page.goto(path)
    assert g.page.url.endswith("/invite/")
    assert g.page.locator("main form").count() == 1
    v.press("Revoke all links", "link")
    v.press("Revoke all links", within=v.page.locator("dialog[open]"))
    v.page.locator("#invite-url").wait_for(state="detached")
    g.page.goto(path)
    g.wait_for_text("This link was revoked")


@BOTH
def test_roster_in_cp1251_is_imported_and_exported(visit, scene, size, locale, tmp_path):
    tutor = scene.person(role="tutor", locale=locale)
    table = "Прізвище;Ім'я;Пошта\r\nФранко;Іван;ivan@school.example\r\nЛис;Юрій;адреса\r\n"
    file = tmp_path / "roster.csv"
    file.write_bytes(table.encode("cp1251"))
    v = visit(tutor, size, locale)
    v.page.goto("/students/")
    v.press("Import students", "link")
    v.page.locator("input[type=file]").set_input_files(file)
    v.fill("Name of the new classroom", "Література")
    v.press("View list")
    v.page.get_by_role("cell", name="Франко").wait_for()
    assert v.page.locator("tr.bad").count() == 1
    reason = v.page.locator("tr.bad .errorlist").bounding_box()
    assert reason["x"] + reason["width"] <= SIZES[size][0]
    v.page.locator("main form button.primary").click()
    v.page.get_by_role("heading", name="Література").wait_for()
    assert v.page.locator("#list li").count() == 1
    v.page.goto("/students/")
    with v.page.expect_download() as download:
        v.press("Export", "link")
    assert download.value.suggested_filename == "students.csv"


@BOTH
def test_lesson_can_be_scheduled_with_the_keyboard_only(visit, school, size, locale):
    tutor, _student, _room = school(locale)
    v = visit(tutor, size, locale)
    keys = v.page.keyboard

    def tab_to(selector):
        for _ in range(60):
            keys.press("Tab")
            if v.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"Tab never reaches {selector}")

    v.page.goto("/students/")
    tab_to(".skip")
    keys.press("Enter")
    tab_to("#list li a[href*='lessons/new']")
    keys.press("Enter")
    v.page.wait_for_url("**/lessons/new/?student=*")
    tab_to("input[name=date]")
    keys.type("01112027")
    tab_to("input[name=time]")
    keys.type("0500PM")
    tab_to("select[name=minutes]")
    keys.press("ArrowDown")
    tab_to("input[name=title]")
    keys.type("By hand")
    keys.press("Enter")
    v.page.get_by_role("heading", name="By hand").wait_for()
    assert "17:00–18:15" in v.page.locator("main").inner_text()


def test_destructive_actions_are_confirmed_on_a_page_without_javascript(visit, scene, school):
    tutor, student, room = school()
    lesson = scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=soon(days=2))
    v = visit(tutor, java_script_enabled=False)
    v.page.goto("/calendar/")
    v.page.locator("#coming summary").click()
    v.page.locator(f"#coming a[href='/lessons/{lesson['id']}/']").click()
    v.press("Create link")
    v.page.locator("#invite-url").wait_for()
    v.press("Revoke all links", "link")
    v.press("Revoke all links")
    v.wait_for_text("Earlier links to this lesson no longer work.")
    v.press("Cancel lesson", "link")
    v.press("Keep lesson", "link")
    v.press("Cancel lesson", "link")
    v.fill("Reason", "Хворію")
    v.press("Cancel lesson")
    v.page.locator(".badge.cancelled").wait_for()
    v.page.goto(f"/classrooms/{room['id']}/")
    assert not v.page.locator("[data-copy]").is_visible()
    v.press("Create new code", "link")
    v.press("Create new code")
    v.page.locator("details.disclosure summary").click()
    v.press("Archive", "link")
    v.press("Archive")
    v.press("Undo")
    assert v.page.url.endswith(f"/classrooms/{room['id']}/")


def test_each_state_of_an_invite_link_has_one_next_action(visit, scene, school):
    tutor, student, _room = school()
    now = scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=soon(minutes=5))
    later = scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=soon(hours=5))
    gone = scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=soon(hours=9))
    cancelled = scene.invite(lesson_id=gone["id"])["path"]
    scene.cancel(lesson_id=gone["id"])
    replaced = scene.invite(lesson_id=now["id"])["path"]
    scene.revoke(lesson_id=now["id"])
    expected = {
        scene.invite(lesson_id=now["id"], made=7200)["path"]: "This link has expired",
        cancelled: "This lesson was cancelled",
        replaced: "This link was revoked",
        "/invite/abc": "This link is not valid",
        scene.invite(lesson_id=later["id"])["path"]: "You are early",
    }
    guest = visit()
    for path, heading in expected.items():
        guest.page.goto(path)
        guest.page.get_by_role("heading", name=heading).wait_for()
        assert guest.page.locator("main .btn").count() == 1


def test_invite_token_is_sent_only_once_and_not_in_referer(visit, scene, school):
    tutor, student, _room = school()
    lesson = scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=soon(minutes=5))
    path = scene.invite(lesson_id=lesson["id"])["path"]
    v = visit()
    sent = []
    v.page.on("request", lambda request: sent.append((request.url, request.headers)))
    v.page.goto(path)
    v.press("Sign in", "link", within=v.page.locator(".after"))
    v.page.wait_for_url("**/accounts/login/**")
    token = path.rpartition("/")[2]
    assert [url for url, _headers in sent if token in url] == [sent[0][0]]
    assert not any(token in headers.get("referer", "") for _url, headers in sent)


def test_waiting_page_counts_down_in_the_zone_of_the_browser(visit, scene, school):
    tutor, student, _room = school()
    starts_at = soon(minutes=75)
    lesson = scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=starts_at)
    v = visit(timezone_id="Asia/Tokyo")
    v.page.goto(scene.invite(lesson_id=lesson["id"])["path"])
    v.page.wait_for_function("/^(59|1:00):/.test(document.querySelector('.countdown').textContent)")
    in_tokyo = datetime.fromisoformat(starts_at).astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{in_tokyo:%H:%M}" in v.page.locator("[data-local-time]").inner_text()


def test_search_after_signing_out_redirects_to_sign_in(visit, school):
    tutor, _student, _room = school()
    v = visit(tutor)
    v.page.goto("/students/")
    v.page.context.clear_cookies()
    v.page.locator("#q").fill("О")
    v.page.wait_for_url("**/accounts/login/?next=/students/**")


def test_progress_is_shown_while_a_search_is_pending(visit, school):
    tutor, _student, _room = school()
    v = visit(tutor)
    v.page.goto("/students/")
    held = []

    def hold(route):
        held.append(route)

    v.page.route(re.compile(r"/students/\?q="), hold)
    v.page.locator("#q").fill("О")
    v.page.locator(".progress").wait_for()
    held[0].continue_()
    v.page.locator(".progress").wait_for(state="detached")
